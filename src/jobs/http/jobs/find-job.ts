import type { DbOrTx } from '../../../database/tables.ts';
import { notFound } from '../../../service-error.ts';
import { deliveryOfJob } from '../../../webhooks/outbox/history.ts';
import { findJob, type Job } from '../../read.ts';

/** One of the account's jobs. Throws ServiceError `not_found`. */
export async function requireJob(db: DbOrTx, accountId: string, jobId: string): Promise<Job> {
  const job = await findJob(db, accountId, jobId);
  if (!job) throw notFound('job');
  return job;
}

/** The delivery with which a job ends; null while there is none. */
export async function deliveryFor(db: DbOrTx, job: Job) {
  return job.webhook_url === null ? null : await deliveryOfJob(db, job.account_id, job.id);
}
