import { sql, type Selectable } from 'kysely';
import type { EndedJobStatus } from '../database/enumerations.ts';
import type { DbOrTx, JobsTable, Tx } from '../database/tables.ts';
import { seenSince } from './completeness.ts';
import { runOf, type RunJob } from './known-pages.ts';

/** How many pages of a run were new, different, gone or the same since the run before. */
export interface Changes {
  added: number;
  changed: number;
  removed: number;
  unchanged: number;
}

/** What an ended run of a schedule reports beside its pages. */
export interface RunReport {
  schedule_id: string;
  run: number;
  changes: Changes;
  /** Whether it saw all pages. If not, none counts as removed. */
  complete: boolean;
  /** URLs that are gone, MAX_REMOVED at most. */
  removed: string[];
  /** There are more, which the run has. */
  removed_truncated?: true;
}

/** A site that is rebuilt may lose 100,000 pages: a report names so many of them. */
export const MAX_REMOVED = 1000;

function shownRemoved(first: string[], count: number): Pick<RunReport, 'removed' | 'removed_truncated'> {
  const removed = first.slice(0, MAX_REMOVED);
  return { removed, ...(count > removed.length && { removed_truncated: true }) };
}

type Job = Selectable<JobsTable>;

/**
 * Ends the run of a job in the transaction that ends the job: counts what has changed, forgets the
 * pages that are gone, and decides whether there is something to deliver. Null where the schedule
 * has been deleted.
 */
export async function endRun(
  tx: Tx,
  job: Job,
  run: RunJob,
  status: EndedJobStatus,
): Promise<{ report: RunReport; reported: boolean } | null> {
  const started = await readRun(tx, run);
  if (started === null) return null;
  const counted = await countChanges(tx, run);
  const since = status === 'completed' ? await seenSince(tx, job, { ...run, ...started }) : null;
  const complete = since !== null;
  const gone = complete ? (await forgetGone(tx, run, since)).toSorted() : [];
  const changes = { ...counted, removed: gone.length };
  const hasNews = changes.added + changes.changed + changes.removed > 0;
  const reported = job.deliver !== 'changes' || hasNews || (await isHeartbeatDue(tx, run));
  await tx
    .updateTable('schedule_runs')
    .set({
      ...changes,
      status,
      complete,
      reported,
      removed_urls: JSON.stringify(gone),
      finished_at: sql`now()`,
    })
    .where('account_id', '=', run.account_id)
    .where('schedule_id', '=', run.schedule_id)
    .where('run', '=', run.run)
    .execute();
  const found = { schedule_id: run.schedule_id, run: run.run, changes, complete };
  return { report: { ...found, ...shownRemoved(gone, gone.length) }, reported };
}

/** Locks the row of a run; null where the schedule has been deleted. */
async function readRun(tx: Tx, { account_id, schedule_id, run }: RunJob) {
  const row = await tx
    .selectFrom('schedule_runs')
    .select(['complete', 'failed_sitemaps'])
    .where('account_id', '=', account_id)
    .where('schedule_id', '=', schedule_id)
    .where('run', '=', run)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

async function countChanges(tx: Tx, { account_id, id }: RunJob): Promise<Omit<Changes, 'removed'>> {
  const { rows } = await sql<Omit<Changes, 'removed'>>`
    select (count(*) filter (where change = 'added'))::int as added,
      (count(*) filter (where change = 'changed'))::int as changed,
      (count(*) filter (where change = 'unchanged'))::int as unchanged
    from pages where account_id = ${account_id} and job_id = ${id}`.execute(tx);
  return rows[0]!;
}

/**
 * Forgets the known pages that a run did not find, or that are gone, and returns the URLs of those
 * that a run from `since` on had found. Those of another job are not missed.
 */
async function forgetGone(
  tx: Tx,
  { account_id, schedule_id, run, job_baseline }: RunJob,
  since: number,
): Promise<string[]> {
  const { rows } = await sql<{ url: string; last_run: number }>`
    delete from known_pages
    where account_id = ${account_id} and schedule_id = ${schedule_id} and last_run < ${run}
      and (last_run >= ${since} or last_run <= ${job_baseline})
    returning url, last_run`.execute(tx);
  return rows.filter(({ last_run }) => last_run >= since).map(({ url }) => url);
}

/** Whether the schedule is due a delivery though nothing has changed. */
async function isHeartbeatDue(tx: Tx, { account_id, schedule_id, run }: RunJob): Promise<boolean> {
  const { rows } = await sql<{ due: boolean }>`
    select coalesce(r.reported_at, s.created_at) <= now() - s.heartbeat_days * interval '1 day' as due
    from schedules s left join lateral (
      select finished_at as reported_at from schedule_runs
      where account_id = s.account_id and schedule_id = s.id and run < ${run} and reported
      order by run desc limit 1
    ) r on true
    where s.account_id = ${account_id} and s.id = ${schedule_id}
      and s.heartbeat_days is not null`.execute(tx);
  return rows[0]?.due ?? false;
}

/** What the ended run of a job reports; null where there is none. */
export async function readRunReport(db: DbOrTx, job: Job): Promise<RunReport | null> {
  const run = runOf(job);
  if (run === null || job.finished_at === null) return null;
  const row = await db
    .selectFrom('schedule_runs')
    .select(['added', 'changed', 'removed', 'unchanged', 'complete'])
    .select(
      sql<string[]>`array(
        select url from json_array_elements_text(removed_urls::json) with ordinality as gone (url, n)
        order by n limit ${MAX_REMOVED}
      )`.as('first'),
    )
    .where('account_id', '=', run.account_id)
    .where('schedule_id', '=', run.schedule_id)
    .where('run', '=', run.run)
    .executeTakeFirst();
  if (!row || row.added === null) return null;
  const { first, complete, ...counts } = row;
  const { schedule_id } = run;
  return {
    schedule_id,
    run: run.run,
    changes: counts as Changes,
    complete: complete === true,
    ...shownRemoved(first, row.removed ?? 0),
  };
}
