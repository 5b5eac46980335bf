import type { PageBlock } from '../http/schemas/answers.ts';
import type { Job } from './jobs.ts';

const COLUMNS: [name: string, of: (block: PageBlock) => unknown][] = [
  ['url', ({ url }) => url],
  ['final_url', ({ final_url }) => final_url],
  ['status', ({ status }) => status],
  ['http_status', ({ http_status }) => http_status],
  ['error', ({ error }) => error?.code],
  ['title', ({ metadata }) => metadata.title],
];

/**
 * A row for each page (RFC 4180): its outcome, and a column for each of the job's `fields`. Values
 * that are lists or objects are JSON.
 */
export async function* csvOf(job: Job, fragments: AsyncIterable<string[]>): AsyncGenerator<string> {
  const { fields } = job.options as { fields?: Record<string, unknown> | null };
  const names = Object.keys(fields ?? {});
  yield row([...COLUMNS.map(([name]) => name), ...names]);
  for await (const some of fragments) yield some.map((fragment) => rowOf(fragment, names)).join('');
}

function rowOf(fragment: string, names: string[]): string {
  const block = JSON.parse(fragment) as PageBlock;
  return row([...COLUMNS.map(([, of]) => of(block)), ...names.map((name) => block.data?.[name])]);
}

const row = (values: unknown[]) => `${values.map(cell).join(',')}\r\n`;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A spreadsheet would run a stranger's text that begins like a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
