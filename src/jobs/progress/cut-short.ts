import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { Db } from '../../database/tables.ts';
import { failPages } from './fail-pages.ts';
import { logJobEnded, type JobEnd } from './finish.ts';
import { lockJob, settlePages } from './settle.ts';

/** The most pages that one transaction settles. */
const PAGES = 2000;
/** The most jobs to end in one go, the longest overdue first. */
const JOBS = 50;
/** How long before its time is up a job is ended, so that it is over by then. */
const EARLY_MS = 500;

interface OverdueJob {
  account_id: string;
  id: string;
}

/** Ends the jobs whose `finish_within` is up. Several processes may do it at once. */
export async function endOverdueJobs(context: Pick<Context, 'db' | 'boss' | 'log'>): Promise<void> {
  for (const job of await overdueJobs(context.db)) await cutShort(context, job);
}

async function overdueJobs(db: Db): Promise<OverdueJob[]> {
  const { rows } = await sql<OverdueJob>`
    select account_id, id from jobs
    where finished_at is null and finish_by <= now() + ${EARLY_MS} * interval '1 ms'
    order by finish_by limit ${JOBS}`.execute(db);
  return rows;
}

/**
 * Ends a job with what is done: pages that are still pending fail with `deadline_exceeded`, a few
 * thousand in a transaction. Where a process dies in between, the next one continues.
 */
async function cutShort(context: Pick<Context, 'db' | 'boss' | 'log'>, overdue: OverdueJob): Promise<void> {
  for (;;) {
    const { end, ended } = await failSome(context, overdue);
    if (end) logJobEnded(context.log, end);
    if (ended) return;
  }
}

async function failSome(
  { db, boss }: Pick<Context, 'db' | 'boss'>,
  { account_id, id }: OverdueJob,
): Promise<{ end: JobEnd | null; ended: boolean }> {
  return await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, account_id, id);
    if (!job) return { end: null, ended: true };
    if (!job.cut_short)
      await sql`update jobs set cut_short = true where account_id = ${account_id} and id = ${id}`.execute(tx);
    const failed = await failPages(tx, job, { code: 'deadline_exceeded', limit: PAGES });
    const end = await settlePages({ tx, boss }, { ...job, cut_short: true }, failed);
    return { end, ended: failed.length === 0 || end !== null };
  });
}
