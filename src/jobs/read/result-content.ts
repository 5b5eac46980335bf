import {
  cut,
  encode,
  JSON_LINES,
  measure,
  readResult,
  resultLength,
  type Layout,
  type Span,
} from '../../database/result-bytes.ts';
import { readFragments } from '../../database/fragments.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { csvOf } from './result-csv.ts';
import type { Job } from './jobs.ts';
import { resultEnvelope, type ResultFormat } from './result.ts';

/**
 * A result whose JSON is longer is not read to its end before its first byte is sent: a router in
 * front gives up after 30 s. Reading so much takes less than one.
 */
const MAX_MEASURED_BYTES = 32 * 1024 * 1024;

/** The bytes of a result. */
export interface ResultContent {
  /** Null where they are not counted. */
  bytes: number | null;
  /** Null where they are not measured. */
  sha256: Buffer | null;
  read: (span?: Span) => AsyncIterable<Buffer>;
}

/** The result of an ended job in a format; read in constant memory. */
export async function resultContent(db: DbOrTx, job: Job, format: ResultFormat): Promise<ResultContent> {
  const layout = format === 'json' ? jsonLayout(job) : JSON_LINES;
  const length = await resultLength(db, job, layout);
  const read = (span?: Span) =>
    format === 'csv' ? readCsv(db, job, span) : readResult(db, job, layout, span);
  if (length <= MAX_MEASURED_BYTES) return { ...(await measure(read())), read };
  return { bytes: format === 'csv' ? null : length, sha256: null, read };
}

/** The `result` of the job, with the line break that ends every answer that is JSON. */
function jsonLayout(job: Job): Layout {
  const { head, tail } = resultEnvelope(job);
  return { head, separator: ',', end: '', tail: `${tail}\n` };
}

/** Its bytes are not known without making them: a span is cut out of all that come before. */
function readCsv(db: DbOrTx, job: Job, span?: Span): AsyncIterable<Buffer> {
  const all = encode(csvOf(job, readFragments(db, job)));
  return span === undefined ? all : cut(all, span);
}
