import { filled, type HostilePage } from './page.ts';

/** Less than the size from which a page counts as large. */
const BYTES = 250 * 1024;

const html = (unit: string): HostilePage => ({
  type: 'text/html; charset=utf-8',
  body: () => `<!doctype html><title>t</title><main>${filled(unit, BYTES)}</main>`,
});

/** Small pages of as many elements as fit. */
export const SMALL_PAGES: Record<string, HostilePage> = {
  'small, of list items': html('<li>a'),
  'small, of cells': html('<tr><td>a'),
  'small, of paragraphs': html('<p>a</p>'),
  'small, of headings': html('<h2>a</h2>'),
  'small, of options': html('<option>a'),
  'small, of links': html('<a href="/a">b</a>'),
  'small, nested': html('<div>'),
  'small, of numbers': { type: 'application/json', body: () => `[${filled('1,', BYTES)}1]` },
};
