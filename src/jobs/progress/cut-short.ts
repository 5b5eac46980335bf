import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { JobKey } from '../../database/fragments.ts';
import { deferDeadline, jobsDue } from './deadlines.ts';
import { failPages } from './fail-pages.ts';
import { logJobEnded, type JobEnd } from './finish.ts';
import { lockJob, settlePages } from './settle.ts';

/** The most pages that one transaction settles. */
const PAGES = 2000;
/** The most jobs to end in one go, the longest overdue first. */
const JOBS = 50;
/** How long before its time is up a job is ended, so that it is over by then. */
const EARLY_MS = 500;

/** When to look again at a job that could not be ended. */
const AGAIN_SECONDS = 5;

type Tools = Pick<Context, 'db' | 'boss' | 'log'>;

/**
 * Ends the jobs whose `finish_within` is up. Several processes may do it at once. A job that cannot
 * be ended now keeps no other from it.
 */
export async function endOverdueJobs(context: Tools): Promise<void> {
  for (const job of await jobsDue(context.db, EARLY_MS, JOBS)) {
    await deferDeadline(context.db, job, AGAIN_SECONDS);
    await cutShort(context, job).catch((error: unknown) =>
      context.log.warn({ job_id: job.id, err: error }, 'failed to end a job whose time is up; trying again'),
    );
  }
}

/**
 * Ends a job with what is done: pages that are still pending fail with `deadline_exceeded`, a few
 * thousand in a transaction. Where a process dies in between, the next one continues.
 */
async function cutShort(context: Tools, overdue: JobKey): Promise<void> {
  for (;;) {
    const { end, ended } = await failSome(context, overdue);
    if (end) logJobEnded(context.log, end);
    if (ended) return;
  }
}

async function failSome(
  { db, boss }: Pick<Tools, 'db' | 'boss'>,
  { account_id, id }: JobKey,
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
