import { plainMetadata, QUIET, type Content } from './content.ts';
import { urlsIn } from './text.ts';

/** Rows beyond this are in the text only. */
const MAX_ROWS = 10_000;
const MAX_COLUMNS = 200;

/** The delimiter that the first line holds most of. */
function delimiterOf(source: string): string {
  const line = /^[^\n]{0,10000}/.exec(source)![0];
  const count = (delimiter: string): number => line.split(delimiter).length;
  return [',', ';', '\t', '|'].reduce((best, delimiter) =>
    count(delimiter) > count(best) ? delimiter : best,
  );
}

/** The rows of delimited text (RFC 4180), at most MAX_ROWS. Quotes that are not closed end with the text. */
function rowsOf(source: string, delimiter: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < source.length && rows.length < MAX_ROWS) {
    let field = '';
    if (source[at] === '"') {
      let end = source.indexOf('"', at + 1);
      while (end !== -1 && source[end + 1] === '"') end = source.indexOf('"', end + 2);
      field = source.slice(at + 1, end === -1 ? undefined : end).replaceAll('""', '"');
      at = end === -1 ? source.length : end + 1;
    }
    let end = at;
    while (end < source.length && source[end] !== delimiter && source[end] !== '\n') end++;
    row.push((field + source.slice(at, end)).trim());
    at = end + 1;
    if (source[end] === delimiter && at < source.length) continue;
    if (row.length > 1 || row[0] !== '') rows.push(row.slice(0, MAX_COLUMNS));
    row = [];
  }
  return rows;
}

const escapeHtml = (cell: string): string =>
  cell.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const escapeMarkdown = (cell: string): string =>
  cell.replace(/[\\`*_[\]<>|&]/g, '\\$&').replace(/\r?\n/g, '<br>');

function markdownTable([head, ...body]: string[][]): string {
  if (head === undefined) return '';
  const line = (cells: string[]): string =>
    `| ${head.map((_, column) => escapeMarkdown(cells[column] ?? '')).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...body.map(line)].join('\n');
}

const htmlRow = (cells: string[], tag: string): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;

function htmlTable([head, ...body]: string[][]): string {
  if (head === undefined) return '';
  return `<table><thead>${htmlRow(head, 'th')}</thead><tbody>${body.map((cells) => htmlRow(cells, 'td')).join('')}</tbody></table>`;
}

/** Delimited text as a table, its first row the head; all rows made as long as the longest. */
export function readCsv(source: string): Content {
  const rows = rowsOf(source, delimiterOf(source));
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  const head = rows[0] && [...rows[0], ...Array.from({ length: width - rows[0].length }, () => '')];
  const table = head ? [head, ...rows.slice(1)] : [];
  return {
    ...QUIET,
    markdown: () => markdownTable(table),
    html: () => htmlTable(table),
    text: () => source,
    links: urlsIn(source),
    metadata: plainMetadata({ row_count: Math.max(0, rows.length - 1) }),
  };
}
