import { sql, type Selectable } from 'kysely';
import type { JobsTable, Tx } from '../database/tables.ts';
import type { RunJob } from './known-pages.ts';

type Job = Selectable<JobsTable>;

/** A run that has completed, as it was stored so far. */
interface CompletedRun extends RunJob {
  complete: boolean | null;
  failed_sitemaps: string | null;
}

/**
 * The run from which on a known page must have been found to count as removed, where this run did
 * not find it; null where this run may have missed pages that are still there: it was cut short or
 * full, or could not read what leads to pages. What could not be read in the run before either has
 * not taken away what that run found.
 */
export async function seenSince(tx: Tx, job: Job, run: CompletedRun): Promise<number | null> {
  if (job.cut_short || run.complete === false) return null;
  const first = run.job_baseline + 1;
  if (job.kind !== 'crawl') return first;
  if (job.total - job.skipped >= (job.max_pages ?? 0)) return null;
  const sitemaps = listOf(run.failed_sitemaps);
  if (sitemaps.length === 0 && !(await hasUnread(tx, job, run, null))) return first;
  const before = await runBefore(tx, run);
  if (before === null || (await hasUnread(tx, job, run, before.job_id))) return null;
  const failedBefore = new Set(listOf(before.failed_sitemaps));
  return sitemaps.every((sitemap) => failedBefore.has(sitemap)) ? Math.max(first, before.run) : null;
}

const listOf = (stored: string | null) => (stored === null ? [] : (JSON.parse(stored) as string[]));

/**
 * Whether a page could not be read whose links no earlier run of the same job knows. A page that
 * could not be read in the job `before` either does not count.
 */
async function hasUnread(
  tx: Tx,
  job: Job,
  { schedule_id, job_baseline }: CompletedRun,
  before: string | null,
): Promise<boolean> {
  const { rows } = await sql`
    select 1
    from pages p
    where p.account_id = ${job.account_id} and p.job_id = ${job.id} and ${isUnread('p')}
      and not exists (
        select from known_pages k
        where k.account_id = p.account_id and k.schedule_id = ${schedule_id}
          and k.url_hash = p.url_hash and k.content_run > ${job_baseline}
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

interface RunBefore {
  run: number;
  job_id: string;
  failed_sitemaps: string | null;
}

/**
 * The latest run before that has come to its own end; null where it was cut short: then pages
 * failed that were never asked for.
 */
async function runBefore(tx: Tx, { account_id, schedule_id, run }: RunJob): Promise<RunBefore | null> {
  const { rows } = await sql<RunBefore & { cut_short: boolean }>`
    select r.run, r.failed_sitemaps, j.id as job_id, j.cut_short
    from schedule_runs r join jobs j on j.account_id = r.account_id and j.id = r.job_id
    where r.account_id = ${account_id} and r.schedule_id = ${schedule_id} and r.run < ${run}
      and r.status = 'completed'
    order by r.run desc limit 1`.execute(tx);
  return rows[0] && !rows[0].cut_short ? rows[0] : null;
}
