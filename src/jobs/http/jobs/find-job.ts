import type { DbOrTx } from '../../../database/tables.ts';
import { notFound } from '../../../service-error.ts';
import { findJob, type Job } from '../../read/jobs.ts';

/** One of the account's jobs. Throws ServiceError `not_found`. */
export async function requireJob(db: DbOrTx, accountId: string, jobId: string): Promise<Job> {
  const job = await findJob(db, accountId, jobId);
  if (!job) throw notFound('job');
  return job;
}
