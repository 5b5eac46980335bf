import { sql } from 'kysely';
import type { PgBoss } from 'pg-boss';
import { rememberPages, runOf } from '../../changes/known-pages.ts';
import { boolean, int, largeText, rows, smallint, text } from '../../database/rows.ts';
import type { Tx } from '../../database/tables.ts';
import type { Reservation } from '../../webhooks/direct/reservation.ts';
import { announcePages, announceStart } from '../events/announce.ts';
import { withoutDuplicates } from './duplicates.ts';
import { insertFiles } from './files.ts';
import { finishJob, type JobEnd } from './finish.ts';
import type { Job } from '../read/jobs.ts';
import { isSinglePage } from '../read/result.ts';
import { expandFrontier } from './frontier.ts';
import type { CrawlLinks } from './known-links.ts';
import type { PageResult } from './page-result.ts';
import { startedAt } from './start.ts';

/**
 * Locks a job's row if the job has not ended. Everything that changes a job or its pages starts
 * here, so that there is one order of locks.
 */
export async function lockJob(tx: Tx, accountId: string, jobId: string): Promise<Job | null> {
  const job = await tx
    .selectFrom('jobs')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', jobId)
    .where('finished_at', 'is', null)
    .forUpdate()
    .executeTakeFirst();
  return job ?? null;
}

/** What settling needs: the caller's transaction, and the queue. */
interface Settling {
  tx: Tx;
  boss: PgBoss;
  /** Room for the job's callback; null or missing where there is none. */
  reservation?: Reservation | null;
  /** The links that are known to stand in the crawl. */
  links?: CrawlLinks | null;
}

/**
 * Settles pages of a job that the caller has locked: only those still pending change, once. Moves
 * the counts, queues what a crawl found, and with the last page ends the job and appends its
 * delivery. Returns the job's end, or null while it goes on.
 */
export async function settlePages(
  { tx, boss, reservation = null, links = null }: Settling,
  job: Job,
  results: PageResult[],
): Promise<JobEnd | null> {
  const kept = job.kind === 'crawl' ? await withoutDuplicates(tx, job, results) : results;
  const updated = await updatePages(tx, job, kept);
  const ordinals = new Set(updated.map(({ ordinal }) => ordinal));
  const settledNow = kept.filter(({ ordinal }) => ordinals.has(ordinal));
  await insertFiles(tx, job, settledNow);
  await rememberUpdated(tx, job, settledNow);
  const settled = updated.length;
  const counts = countsWith(job, updated);
  if (job.kind === 'crawl' && !job.cut_short && settled > 0) {
    const { added, ...position } = await expandFrontier({ tx, boss, links }, job, counts);
    counts.total += added;
    counts.remaining += added;
    Object.assign(counts, position);
  }
  if (settled > 0 && counts.remaining > 0) {
    await sql`
      update jobs
      set status = 'running', started_at = ${startedAt(job)}, total = ${counts.total},
        remaining = ${counts.remaining}, succeeded = ${counts.succeeded}, unbilled = ${counts.unbilled},
        surcharge = ${counts.surcharge}, blocked = ${counts.blocked},
        failed = ${counts.failed}, skipped = ${counts.skipped},
        expand_ordinal = ${counts.expand_ordinal}, expand_offset = ${counts.expand_offset}
      where account_id = ${job.account_id} and id = ${job.id}`.execute(tx);
  }
  if (settled > 0 && job.status === 'queued') await announceStart(tx, job);
  await announcePages(tx, job, updated);
  if (counts.remaining > 0) return null;
  const status = counts.succeeded > 0 ? 'completed' : 'failed';
  return await finishJob(tx, { ...job, ...counts }, status, reservation);
}

/** The counts of a job, and where its crawl goes on, once these pages have settled. */
function countsWith(job: Job, updated: SettledPage[]) {
  const count = (which: (page: SettledPage) => boolean) => updated.filter(which).length;
  return {
    total: job.total,
    remaining: job.remaining - updated.length,
    succeeded: job.succeeded + count(({ status }) => status === 'ok'),
    unbilled: job.unbilled + count(({ status, unbilled }) => status === 'ok' && unbilled),
    surcharge: job.surcharge + updated.reduce((sum, page) => sum + page.surcharge, 0),
    blocked: job.blocked + count(({ blocked }) => blocked),
    failed: job.failed + count(({ status }) => status === 'failed'),
    skipped: job.skipped + count(({ status }) => status === 'skipped'),
    expand_ordinal: job.expand_ordinal,
    expand_offset: job.expand_offset,
  };
}

/** Keeps what a run of a schedule found out about pages that have now settled. */
async function rememberUpdated(tx: Tx, job: Job, settled: PageResult[]): Promise<void> {
  const run = runOf(job);
  if (run === null || settled.length === 0) return;
  const seen = settled.map(({ compared = null, sitemaps = null, ...page }) => {
    return { ...page, compared, sitemaps };
  });
  await rememberPages(tx, run, seen);
}

/**
 * Whether a page's block is left out of the result. A run that reports changes keeps only the
 * blocks of added and changed pages. A single page's block is the result.
 */
function isLeftOut({ deliver, kind }: Job, { compared }: PageResult): boolean | null {
  if (deliver !== 'changes' || isSinglePage(kind)) return null;
  return compared == null || compared.change === 'unchanged' ? true : null;
}

interface SettledPage {
  ordinal: number;
  status: PageResult['status'];
  unbilled: boolean;
  surcharge: number;
  blocked: boolean;
}

/**
 * The pages are looked up by their ordinals, however few rows the planner believes in: it knows
 * nothing yet of a day's new partition, and would read the job's pages once for each of them.
 */
async function updatePages(tx: Tx, job: Job, results: PageResult[]): Promise<SettledPage[]> {
  if (results.length === 0) return [];
  const settled = rows(results, {
    ordinal: int((page) => page.ordinal),
    status: text((page) => page.status),
    fragment: largeText((page) => page.fragment),
    http_status: smallint((page) => page.http_status),
    error_code: text((page) => page.error_code),
    unbilled: boolean((page) => page.unbilled ?? false),
    surcharge: smallint((page) => page.surcharge ?? 0),
    blocked: boolean((page) => page.blocked ?? false),
    duration_ms: int((page) => page.duration_ms),
    links: largeText((page) => page.links && JSON.stringify(page.links)),
    change: text((page) => page.compared?.change),
    left_out: boolean((page) => isLeftOut(job, page)),
  });
  const ordinals = results.map(({ ordinal }) => ordinal);
  const updated = await sql<SettledPage>`
    with pending as materialized (
      select r.*, ${job.total - job.remaining}::int + row_number() over (order by r.ordinal) as settlement
      from ${settled.as('r')} join pages p on p.account_id = ${job.account_id} and p.job_id = ${job.id}
        and p.ordinal = r.ordinal and p.ordinal = any(${ordinals}::int[]) and p.status = 'pending'
    )
    update pages
    set status = r.status, fragment = r.fragment, http_status = r.http_status, error_code = r.error_code,
      unbilled = r.unbilled, surcharge = r.surcharge, blocked = r.blocked,
      duration_ms = r.duration_ms, settled_at = now(), settlement = r.settlement, links = r.links,
      change = r.change, left_out = r.left_out
    from pending r
    where pages.account_id = ${job.account_id} and pages.job_id = ${job.id} and pages.ordinal = r.ordinal
      and pages.ordinal = any(${ordinals}::int[]) and pages.status = 'pending'
    returning pages.ordinal, pages.status, pages.unbilled, pages.surcharge, pages.blocked`.execute(tx);
  return updated.rows;
}
