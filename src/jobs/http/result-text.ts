import type { Db } from '../../database/tables.ts';
import { readEnvelope } from '../../database/fragments.ts';
import { jobText, type Job } from '../read/jobs.ts';
import { resultEnvelope } from '../read/result.ts';

/** An ended job's `result` as JSON text, in pieces: the memory does not depend on its size. */
export function resultText(db: Db, job: Job): AsyncIterable<string> {
  return readEnvelope(db, job, resultEnvelope(job));
}

/**
 * A job with the fields of `more`, and with its `result` as the same bytes that its webhook
 * carries.
 */
export function jobWithResultText(db: Db, job: Job, more: object): AsyncIterable<string> {
  const { head, tail } = resultEnvelope(job);
  return readEnvelope(db, job, {
    head: `${jobText(job, more).slice(0, -1)},"result":${head}`,
    tail: `${tail}}`,
  });
}
