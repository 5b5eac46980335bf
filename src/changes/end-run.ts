import { sql, type Selectable } from 'kysely';
import type { EndedJobStatus } from '../database/enumerations.ts';
import type { DbOrTx, JobsTable, Tx } from '../database/tables.ts';
import type { RunJob } from './known-pages.ts';

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

/** The job as a run of a schedule; null where it is none. */
export function runOf({ account_id, id, schedule_id, run }: Job): RunJob | null {
  return schedule_id === null || run === null ? null : { account_id, id, schedule_id, run };
}

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
  const complete =
    status === 'completed' && !job.cut_short && started.complete !== false && !(await mayMiss(tx, job, run));
  const gone = complete ? (await forgetGone(tx, run)).toSorted() : [];
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
    .select('complete')
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
 * Whether a crawl may have missed pages that are still there: it was full, or it could not read a
 * page whose links no earlier run knows. One that could not be read the run before either has not
 * taken the links to the known pages with it.
 */
async function mayMiss(tx: Tx, job: Job, run: RunJob): Promise<boolean> {
  if (job.kind !== 'crawl') return false;
  if (job.total - job.skipped >= (job.max_pages ?? 0)) return true;
  const before = await jobBefore(tx, run);
  const { rows } = await sql`
    select 1
    from pages p
    where p.account_id = ${job.account_id} and p.job_id = ${job.id} and ${isUnread('p')}
      and not exists (
        select from known_pages k
        where k.account_id = p.account_id and k.schedule_id = ${run.schedule_id}
          and k.url_hash = p.url_hash
      )
      and not exists (
        select from pages q
        where q.account_id = ${job.account_id} and q.job_id = ${before} and q.url_hash = p.url_hash
          and ${isUnread('q')}
      )
    limit 1`.execute(tx);
  return rows.length > 0;
}

/** Whether a page of a run may be there, and was not compared. */
function isUnread(page: 'p' | 'q') {
  const of = (column: string) => sql.ref(`${page}.${column}`);
  return sql`${of('change')} is null and ${of('status')} in ('ok', 'failed')
    and ${of('http_status')} is distinct from 404 and ${of('http_status')} is distinct from 410`;
}

/**
 * The job of the latest run before that has come to its own end; null where it was cut short: then
 * pages failed that were never asked for.
 */
async function jobBefore(tx: Tx, { account_id, schedule_id, run }: RunJob): Promise<string | null> {
  const { rows } = await sql<{ id: string; cut_short: boolean }>`
    select j.id, j.cut_short
    from schedule_runs r join jobs j on j.account_id = r.account_id and j.id = r.job_id
    where r.account_id = ${account_id} and r.schedule_id = ${schedule_id} and r.run < ${run}
      and r.status = 'completed'
    order by r.run desc limit 1`.execute(tx);
  return rows[0] && !rows[0].cut_short ? rows[0].id : null;
}

/** The URLs of known pages that this run did not find, or that are gone. */
async function forgetGone(tx: Tx, { account_id, schedule_id, run }: RunJob): Promise<string[]> {
  const { rows } = await sql<{ url: string }>`
    delete from known_pages
    where account_id = ${account_id} and schedule_id = ${schedule_id} and last_run < ${run}
    returning url`.execute(tx);
  return rows.map(({ url }) => url);
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
