import { strToU8, zipSync, type Zippable } from 'fflate';
import { counted, filled, MIB, type HostilePage } from './page.ts';

const relations = (target: string) =>
  `<Relationships><Relationship Id="r" Type="x/officeDocument" Target="${target}"/></Relationships>`;

/** A package whose main part and other parts are given. */
function office(target: string, parts: () => Record<string, string>): HostilePage {
  return {
    type: 'application/octet-stream',
    body: () => {
      const files: Zippable = {
        '[Content_Types].xml': strToU8('<Types/>'),
        '_rels/.rels': strToU8(relations(target)),
      };
      for (const [name, text] of Object.entries(parts())) files[name] = strToU8(text);
      return Buffer.from(zipSync(files, { level: 1 }));
    },
    options: { formats: ['markdown', 'html', 'text', 'links'] },
  };
}

const docx = (body: () => string): HostilePage =>
  office('word/document.xml', () => ({
    'word/document.xml': `<w:document><w:body>${body()}</w:body></w:document>`,
  }));
const xlsx = (rows: () => string): HostilePage =>
  office('xl/workbook.xml', () => ({
    'xl/workbook.xml': '<workbook><sheets><sheet name="s" r:id="r"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="r" Type="x/worksheet" Target="s.xml"/></Relationships>',
    'xl/s.xml': `<worksheet><sheetData>${rows()}</sheetData></worksheet>`,
  }));

/** Office documents: archives of XML. */
export const OFFICE_PAGES: Record<string, HostilePage> = {
  'DOCX that unpacks to 60 MiB of blanks': docx(() => filled(' ', 60 * MIB)),
  'DOCX of short paragraphs': docx(() => counted((n) => `<w:p><w:r><w:t>${n}</w:t></w:r></w:p>`, 40 * MIB)),
  'DOCX of one long paragraph': docx(() => `<w:p>${filled('<w:r><w:t>a</w:t></w:r>', 30 * MIB)}</w:p>`),
  'DOCX that is deep': docx(() => filled('<w:tbl><w:tr><w:tc>', 20 * MIB)),
  'DOCX of tables': docx(() =>
    filled(
      '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="99"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>',
      30 * MIB,
    ),
  ),
  'XLSX of many rows': xlsx(() => counted((n) => `<row><c><v>${n}</v></c><c><v>1</v></c></row>`, 50 * MIB)),
  'XLSX of wide rows': xlsx(() =>
    filled('<row><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>', 30 * MIB),
  ),
  'XLSX of one row': xlsx(() => `<row>${filled('<c><v>1</v></c>', 30 * MIB)}</row>`),
};
