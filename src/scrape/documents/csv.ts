import { escapeText } from '../formats/html.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { escapeLine } from '../markdown/inline/escape.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { plainMetadata, QUIET, type Content } from './content.ts';
import { urlsIn } from './text.ts';

/** Rows beyond this are in the text only. */
const MAX_ROWS = 10_000;
const MAX_COLUMNS = 200;

/**
 * Of delimiters that fit equally well the first is meant: a comma is also the point of decimals,
 * and part of sentences.
 */
const DELIMITERS = ['\t', ';', '|', ','];
/** What the delimiter is told by. */
const SAMPLE_CHARS = 16 * 1024;
const SAMPLE_ROWS = 20;

/**
 * The share of the sample's rows that have the same number of cells, at least two. The rows above a
 * table, which name it, are of another length.
 */
function fitOf(delimiter: string, sample: string): number {
  const rows = rowsOf(sample, delimiter, SAMPLE_ROWS);
  // The sample may have cut off the last row.
  const whole = rows.length > 2 && sample.length === SAMPLE_CHARS ? rows.slice(0, -1) : rows;
  const lengths = Map.groupBy(whole, (row) => row.length);
  const usual = lengths.entries().filter(([length]) => length > 1);
  return Math.max(0, ...usual.map(([, { length }]) => length / whole.length));
}

/** The delimiter that makes the most rows of one length. */
function delimiterOf(source: string): string {
  const sample = source.slice(0, SAMPLE_CHARS);
  const fits = DELIMITERS.map((delimiter) => ({ delimiter, fit: fitOf(delimiter, sample) }));
  const best = fits.reduce((a, b) => (b.fit > a.fit ? b : a));
  return best.fit > 0 ? best.delimiter : ',';
}

/**
 * Whether the beginning of a text is that of a table: at least three rows of the same length, the
 * last aside where it is cut.
 */
export function looksDelimited(beginning: string, isCut: boolean): boolean {
  const lines = lineFeeds(beginning);
  return DELIMITERS.some((delimiter) => {
    const rows = rowsOf(lines, delimiter, SAMPLE_ROWS);
    const whole = isCut && rows.length < SAMPLE_ROWS ? rows.slice(0, -1) : rows;
    const [head, ...others] = whole;
    return (
      head !== undefined &&
      head.length > 1 &&
      others.length > 1 &&
      others.every((row) => row.length === head.length)
    );
  });
}

/** Lines of old Macs end with a carriage return alone. */
function lineFeeds(source: string): string {
  return source.includes('\n') ? source : inPieces(source, (piece) => piece.replaceAll('\r', '\n'));
}

/**
 * The rows of delimited text (RFC 4180), at most `maxRows`. Quotes that are not closed end with the
 * text.
 */
function rowsOf(source: string, delimiter: string, maxRows: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < source.length && rows.length < maxRows) {
    let field = '';
    let start = at;
    while (source[start] === ' ') start++;
    if (source[start] === '"') {
      const quoted = readQuoted(source, start + 1);
      field = quoted.text;
      at = quoted.end;
    }
    let end = at;
    while (end < source.length && source[end] !== delimiter && source[end] !== '\n') end++;
    if (row.length < MAX_COLUMNS) row.push((field + source.slice(at, end)).trim());
    at = end + 1;
    if (source[end] === delimiter && at < source.length) continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

/** What a quoted field says, two quotes being one, and where it ends. */
function readQuoted(source: string, start: number): { text: string; end: number } {
  const text = new TextBuilder();
  let from = start;
  let end = source.indexOf('"', start);
  while (end !== -1 && source[end + 1] === '"') {
    text.add(source.slice(from, end + 1));
    from = end + 2;
    end = source.indexOf('"', from);
  }
  text.add(source.slice(from, end === -1 ? undefined : end));
  return { text: text.toString(), end: end === -1 ? source.length : end + 1 };
}

/** Excel's own first line, which names the delimiter: `sep=;`. */
const SEPARATOR_LINE = /^sep=([,;|\t])\r?\n/i;

const escapeMarkdown = (cell: string): string =>
  inPieces(cell, (piece) => piece.replace(/[\\`*_[\]<>|&]/g, '\\$&').replace(/\r?\n/g, '<br>'));

function markdownTable([head, ...body]: string[][]): string {
  if (head === undefined) return '';
  const line = (cells: string[]): string =>
    `| ${head.map((_, column) => escapeMarkdown(cells[column] ?? '')).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...body.map(line)].join('\n');
}

const htmlRow = (cells: string[], tag: string): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('')}</tr>`;

function htmlTable([head, ...body]: string[][]): string {
  if (head === undefined) return '';
  const rows = body.map((cells) => htmlRow(cells, 'td')).join('');
  return `<table><thead>${htmlRow(head, 'th')}</thead><tbody>${rows}</tbody></table>`;
}

/** Rows of one cell above a table name it. */
function captionLines(rows: string[][]): string[] {
  const first = rows.findIndex((row) => row.length > 1);
  return rows.slice(0, Math.max(0, first)).map(([cell]) => cell!);
}

/**
 * Delimited text as a table, its first row of several cells the head; all rows made as long as the
 * longest.
 */
export function readCsv(source: string): Content {
  const [line = '', named] = SEPARATOR_LINE.exec(source) ?? [];
  const lines = lineFeeds(source.slice(line.length));
  const all = rowsOf(lines, named ?? delimiterOf(lines), MAX_ROWS);
  const captions = captionLines(all);
  const rows = all.slice(captions.length);
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  const head = rows[0] && [...rows[0], ...Array.from({ length: width - rows[0].length }, () => '')];
  const table = head ? [head, ...rows.slice(1)] : [];
  return {
    ...QUIET,
    markdown: () =>
      [...captions.map((caption) => escapeLine(escapeMarkdown(caption), true)), markdownTable(table)].join(
        '\n\n',
      ),
    html: () => captions.map((caption) => `<p>${escapeText(caption)}</p>`).join('') + htmlTable(table),
    text: () => source,
    links: urlsIn(source),
    metadata: plainMetadata({ row_count: Math.max(0, rows.length - 1) }),
  };
}
