import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Tx } from '../../database/tables.ts';
import { failedBlock } from '../../scrape/page-block.ts';
import type { PageErrorCode } from '../../scrape/types.ts';
import { failPages } from './fail-pages.ts';
import { finishJob, logJobEnded } from './finish.ts';
import type { Job } from '../read/jobs.ts';
import { isSinglePage } from '../read/result.ts';
import { lockJob, settlePages } from './settle.ts';

/**
 * Ends a job now: pages that have not settled are cancelled, what was done stays, and the webhook
 * still fires. False when the job had ended before.
 */
export async function cancelJob(
  { db, log }: Pick<Context, 'db' | 'log'>,
  accountId: string,
  jobId: string,
): Promise<boolean> {
  const ended = await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, accountId, jobId);
    if (!job) return null;
    const cancelled = await cancelPages(tx, job);
    const end = await finishJob(tx, { ...job, remaining: 0, cancelled }, 'cancelled');
    crashPoint('job.cancel');
    return end;
  });
  crashPoint('job.cancelled');
  if (ended) logJobEnded(log, ended);
  return ended !== null;
}

/** Cancelled pages have no block, except that of a single-page job, whose result it is. */
async function cancelPages(tx: Tx, job: Job): Promise<number> {
  const result = await sql`update pages set status = 'cancelled', settled_at = now(), links = null
    where account_id = ${job.account_id} and job_id = ${job.id} and status = 'pending'`.execute(tx);
  if (isSinglePage(job.kind)) {
    const { url } = await tx
      .selectFrom('pages')
      .select('url')
      .where('account_id', '=', job.account_id)
      .where('job_id', '=', job.id)
      .executeTakeFirstOrThrow();
    const fragment = failedBlock({
      url,
      status: 'cancelled',
      code: 'cancelled',
      fetchedAt: new Date(),
      durationMs: 0,
    });
    await sql`
      update pages set fragment = ${fragment}, error_code = 'cancelled', settlement = 1
      where account_id = ${job.account_id} and job_id = ${job.id}`.execute(tx);
  }
  return Number(result.numAffectedRows);
}

/**
 * Settles the pages that are still pending, or those of `ordinals`, as failed with this code. The
 * job ends with its last page.
 */
export async function failPending(
  { db, boss, log }: Pick<Context, 'db' | 'boss' | 'log'>,
  accountId: string,
  jobId: string,
  { code, ordinals }: { code: PageErrorCode; ordinals?: number[] },
): Promise<void> {
  const ended = await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, accountId, jobId);
    if (!job) return null;
    const results = await failPages(tx, job, { code, ordinals });
    return await settlePages({ tx, boss }, job, results);
  });
  if (ended) logJobEnded(log, ended);
}
