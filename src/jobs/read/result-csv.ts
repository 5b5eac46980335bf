import type { PageBlock } from '../http/schemas/answers.ts';
import type { Job } from './jobs.ts';
import { mapUrls } from './map-urls.ts';

const COLUMNS: [name: string, of: (block: PageBlock) => unknown][] = [
  ['url', ({ url }) => url],
  ['final_url', ({ final_url }) => final_url],
  ['status', ({ status }) => status],
  ['http_status', ({ http_status }) => http_status],
  ['error', ({ error }) => error?.code],
  ['title', ({ metadata }) => metadata.title],
];

/** Rows that one piece of text has. */
const PIECE_ROWS = 1000;

/**
 * A row for each page (RFC 4180): its outcome, and a column for each of the job's `fields`; of a
 * map a row for each URL. Values that are lists or objects are JSON.
 */
export async function* csvOf(job: Job, fragments: AsyncIterable<string[]>): AsyncGenerator<string> {
  if (job.kind === 'map') {
    yield* csvOfMap(fragments);
    return;
  }
  const { fields } = job.options as { fields?: Record<string, unknown> | null };
  const names = Object.keys(fields ?? {});
  yield row([...COLUMNS.map(([name]) => name), ...names.map(columnOf)]);
  for await (const some of fragments) yield some.map((fragment) => rowOf(fragment, names)).join('');
}

/** No two columns have one name, by which programs read them. */
const columnOf = (field: string) => (COLUMNS.some(([name]) => name === field) ? `data.${field}` : field);

function rowOf(fragment: string, names: string[]): string {
  const block = JSON.parse(fragment) as PageBlock;
  return row([...COLUMNS.map(([, of]) => of(block)), ...names.map((name) => block.data?.[name])]);
}

async function* csvOfMap(fragments: AsyncIterable<string[]>): AsyncGenerator<string> {
  yield row(['url', 'lastmod', 'title']);
  for await (const some of fragments)
    for (const fragment of some)
      for (const lines of inPieces(mapUrls(fragment) ?? [])) yield lines.map(mapRow).join('');
}

function mapRow(line: string): string {
  const { url, lastmod, title } = JSON.parse(line) as { url: string; lastmod?: string; title?: string };
  return row([url, lastmod, title]);
}

function* inPieces(lines: Iterable<string>): Generator<string[]> {
  let piece: string[] = [];
  for (const line of lines) {
    piece.push(line);
    if (piece.length < PIECE_ROWS) continue;
    yield piece;
    piece = [];
  }
  yield piece;
}

const row = (values: unknown[]) => `${values.map(cell).join(',')}\r\n`;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A spreadsheet would run a stranger's text that begins like a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
