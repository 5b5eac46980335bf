import { DATA_PAGES } from './data.ts';
import { HTML_PAGES } from './html.ts';
import type { HostilePage } from './page.ts';
import { OFFICE_PAGES } from './office.ts';
import { PDF_PAGES } from './pdf.ts';
import { TEXT_PAGES } from './text.ts';
import { XML_PAGES } from './xml.ts';

/** Pages that cost their reader time or memory, by the kind of their content. */
export const HOSTILE_PAGES: Record<string, Record<string, HostilePage>> = {
  text: TEXT_PAGES,
  data: DATA_PAGES,
  XML: XML_PAGES,
  HTML: HTML_PAGES,
  PDF: PDF_PAGES,
  office: OFFICE_PAGES,
};
