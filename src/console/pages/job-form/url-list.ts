import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseJson } from '../../../http/body/parse.ts';
import { JsonScanner } from '../../../http/body/scan.ts';
import { invalidField, ServiceError } from '../../../service-error.ts';
import { MAX_ASYNC_URLS } from '../../../jobs/http/schemas/fields.ts';

/** Lines, or bytes of JSON, that are read before other requests have their turn. */
const PIECE_LINES = 2000;
const PIECE_BYTES = 64 * 1024;
/** What separates the columns of a table. */
const SEPARATORS = [',', ';', '\t'];
/** Of a table's first column: words, and nothing that belongs to a URL alone. */
const HEADING = /^[\p{L}_ -]{1,100}$/u;

/** URLs as they were written down, each with the place that a message calls it by. */
export interface UrlList {
  urls: unknown[];
  /** `Line 3`. */
  placeOf: (n: number) => string;
}

/**
 * The URLs of a text: one a line, where # begins a comment; the first column of a table (CSV),
 * whose heading is left out; or a JSON array. Of a list that is too long it reads one more than
 * there may be. Throws ServiceError `validation_failed` that names `urls`.
 */
export async function readUrlList(text: string, filename = ''): Promise<UrlList> {
  if (text.trimStart().startsWith('[')) return await readArray(text);
  return await readLines(text, /\.[ct]sv$/i.test(filename) ? firstColumn(text) : (line) => line);
}

/** As a long array in the body of a request is read: in pieces, and within its limits. */
async function readArray(text: string): Promise<UrlList> {
  const bytes = Buffer.from(`{"urls":${text}}`);
  const scanner = new JsonScanner({ maxTokens: MAX_ASYNC_URLS + 10, verbatim: {} });
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    await nextTurn();
    scanner.write(bytes.subarray(at, at + PIECE_BYTES));
  }
  const { urls } = (await parseJson(bytes, scanner).catch(asNoArray)) as { urls: unknown[] };
  return { urls, placeOf: (n) => `Entry ${n + 1}` };
}

function asNoArray(error: unknown): never {
  const isSyntax = error instanceof ServiceError && error.code === 'invalid_json';
  throw isSyntax ? invalidField('urls', 'must be a JSON array, or lines') : error;
}

type CellOf = (line: string, number: number) => string;

async function readLines(text: string, cellOf: CellOf): Promise<UrlList> {
  const urls: string[] = [];
  const numbers: number[] = [];
  let number = 0;
  for (let at = 0; at < text.length && urls.length <= MAX_ASYNC_URLS;) {
    if (++number % PIECE_LINES === 0) await nextTurn();
    const found = text.indexOf('\n', at);
    const end = found === -1 ? text.length : found;
    const url = cellOf(text.slice(at, end).trim(), number);
    at = end + 1;
    if (url === '' || url.startsWith('#')) continue;
    urls.push(url);
    numbers.push(number);
  }
  return { urls, placeOf: (n) => `Line ${numbers[n]}` };
}

/** The first cell of a line, unquoted; of a heading, nothing. */
function firstColumn(text: string): CellOf {
  const first = upTo(text, '\n');
  const separator = SEPARATORS.find((one) => first.includes(one)) ?? ',';
  return (line, number) => {
    const cell = line.startsWith('"') ? upTo(line.slice(1), '"') : upTo(line, separator).trim();
    return number === 1 && HEADING.test(cell) ? '' : cell;
  };
}

function upTo(line: string, mark: string): string {
  const end = line.indexOf(mark);
  return end === -1 ? line : line.slice(0, end);
}
