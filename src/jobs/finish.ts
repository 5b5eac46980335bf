import { sql } from 'kysely';
import { releaseCredits } from '../accounts/credits.ts';
import { crashPoint } from '../crash-point.ts';
import type { Tx } from '../database.ts';
import type { Log } from '../log.ts';
import { notify } from '../notifications.ts';
import { announceEnd } from './announce.ts';
import type { LockedJob } from './settle.ts';

/**
 * Ends a job whose pages have all settled, in the caller's transaction: its state, the credits that it did not use, and its one
 * delivery where it has a webhook. `job` carries the final counts, which are stored; its row is locked.
 */
export async function finishJob(tx: Tx, job: LockedJob, state: 'completed' | 'failed' | 'cancelled'): Promise<void> {
  const ended = { ...job, state };
  await sql`update jobs set state = ${state}, finished_at = now(), started_at = coalesce(started_at, now()), total = ${job.total},
    remaining = 0, succeeded = ${job.succeeded}, failed = ${job.failed}, skipped = ${job.skipped}, cancelled = ${job.cancelled}
    where account_id = ${job.account_id} and id = ${job.id}`.execute(tx);
  await releaseCredits(tx, job.account_id, job.id, job.reserved - job.succeeded);
  crashPoint('job.finish');
  await announceEnd(tx, ended);
  await notify(tx, { type: 'job_ended', job_id: job.id, cancelled: state === 'cancelled' });
}

/** Says that a job has ended, under the request that created it. Call it when the transaction has committed. */
export function logEnd(log: Log, { request_id, id }: Pick<LockedJob, 'request_id' | 'id'>): void {
  log.info({ request_id, job_id: id }, 'job ended');
}
