import { sql, type Selectable } from 'kysely';
import type { JobKind, JobStatus, PageChange, PageStatus } from '../../database/enumerations.ts';
import type { DbOrTx, JobsTable } from '../../database/tables.ts';
import { isId } from '../../ids.ts';
import type { CrawlOptions, ScrapeOptions } from '../options.ts';

export type Job = Selectable<JobsTable>;

/** Raise this with every change to what `jobText` or a result shows. */
const VIEW_VERSION = 4;

/** One of the account's jobs. Null for an id that is malformed, unknown or another account's. */
export async function findJob(db: DbOrTx, accountId: string, jobId: string): Promise<Job | null> {
  if (!isId('job', jobId)) return null;
  const job = await db
    .selectFrom('jobs')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', jobId)
    .executeTakeFirst();
  return job ?? null;
}

/** The account's jobs, newest first, those after the id `before` in that order. */
export async function listJobs(
  db: DbOrTx,
  accountId: string,
  filter: { status?: JobStatus | undefined; kind?: JobKind | undefined },
  { limit, before }: { limit: number; before: string | null },
): Promise<Job[]> {
  let query = db
    .selectFrom('jobs')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .limit(limit);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (before !== null) query = query.where('id', '<', before);
  return await query.execute();
}

/**
 * A job as the API shows it, without its result, as JSON text with the fields of `more`. Its
 * metadata is the bytes of the request.
 */
export function jobText(job: Job, more: object = {}): string {
  const text = JSON.stringify({ ...jobView(job), ...more });
  return job.metadata === null ? text : `${text.slice(0, -1)},"metadata":${job.metadata}}`;
}

function jobView(job: Job) {
  return {
    job_id: job.id,
    kind: job.kind,
    status: job.status,
    ...(job.schedule_id === null ? {} : { schedule_id: job.schedule_id, run: job.run }),
    total: job.total,
    remaining: job.remaining,
    succeeded: job.succeeded,
    failed: job.failed,
    skipped: job.skipped,
    cancelled: job.cancelled,
    blocked: job.blocked,
    cut_short: job.cut_short,
    finish_by: job.finish_by,
    webhook_url: job.webhook_url,
    options: shownOptions(job.options as ScrapeOptions | CrawlOptions),
    created_at: job.created_at,
    started_at: job.started_at,
    finished_at: job.finished_at,
    duration_ms: job.started_at && job.finished_at && job.finished_at.getTime() - job.started_at.getTime(),
  };
}

/** The options of a job without the values of its headers and cookies, which may be credentials. */
function shownOptions({ headers, cookies, ...options }: ScrapeOptions | CrawlOptions) {
  return {
    ...options,
    headers: Object.keys(headers),
    cookies: cookies.map(({ name, domain, path }) => ({ name, domain, path })),
  };
}

/**
 * Changes with whatever can still change in the view of an ended job: its form, and the status of
 * its delivery.
 */
export function jobETag(job: Job, deliveryStatus: string | null, withResult: boolean): string {
  const parts = [
    VIEW_VERSION,
    job.id,
    job.finished_at?.getTime().toString(36),
    deliveryStatus ?? 'none',
    withResult,
  ];
  return `"${parts.join('.')}"`;
}

/** Changes with the form of an ended job's result, and with nothing else. */
export const resultETag = ({ id, finished_at }: Job, format: string) =>
  `"${[VIEW_VERSION, id, finished_at?.getTime().toString(36), format].join('.')}"`;

/** A list of pages ends when it reaches this size. The page that exceeds it is included. */
const LIST_BYTES = 4 * 1024 * 1024;

/** The order in which the blocks of a job's pages are read, and the last place that was read. */
export interface PagePlace {
  /**
   * `settlement`: the order in which pages settle, to which a running job only adds at its end.
   * `ordinal`: the order of the request.
   */
  order: 'settlement' | 'ordinal';
  after: number;
}

/**
 * The blocks of settled pages after a place, as JSON text: at most `limit`, and about LIST_BYTES;
 * with `status`, only those of pages with this status. `more`: whether further ones have settled.
 */
export async function listPages(
  db: DbOrTx,
  job: Job,
  { order, after, status }: PagePlace & { status?: PageStatus | undefined },
  limit: number,
): Promise<{ pages: { place: number; fragment: string }[]; more: boolean }> {
  const key = sql.ref(order);
  const { rows } = await sql<{ place: number; fragment: string; more: boolean }>`
    select place, fragment, more
    from (
      select place, fragment,
        row_number() over running as number,
        sum(octet_length(fragment)) over running - octet_length(fragment) as bytes_before,
        lead(place) over running is not null as more
      from (
        select ${key} as place, fragment from pages
        where account_id = ${job.account_id} and job_id = ${job.id} and ${key} > ${after}
          and fragment is not null
          ${status === undefined ? sql`` : sql`and status = ${status}`}
        order by ${key} limit ${limit + 1}
      ) settled
      window running as (order by place)
    ) measured
    where number <= ${limit} and bytes_before < ${LIST_BYTES}
    order by place`.execute(db);
  return { pages: rows, more: rows.at(-1)?.more ?? false };
}

/** A page without its content. */
export interface PageRow {
  ordinal: number;
  url: string;
  status: PageStatus;
  http_status: number | null;
  error_code: string | null;
  duration_ms: number | null;
  /** Run of a schedule: what became of it since the run before. */
  change: PageChange | null;
}

/** The job's pages, pending ones too, by ordinal after `after`. */
export async function listPageRows(
  db: DbOrTx,
  job: Job,
  filter: { status?: PageStatus | undefined },
  { limit, after }: { limit: number; after: number },
): Promise<PageRow[]> {
  let query = db
    .selectFrom('pages')
    .select(['ordinal', 'url', 'status', 'http_status', 'error_code', 'duration_ms', 'change'])
    .where('account_id', '=', job.account_id)
    .where('job_id', '=', job.id)
    .where('ordinal', '>', after)
    .orderBy('ordinal')
    .limit(limit);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  return await query.execute();
}

/**
 * One page with its block as JSON text (null while there is none), or null where the job has no
 * such page.
 */
export async function findPage(
  db: DbOrTx,
  job: Job,
  ordinal: number,
): Promise<(PageRow & { fragment: string | null }) | null> {
  const page = await db
    .selectFrom('pages')
    .select(['ordinal', 'url', 'status', 'http_status', 'error_code', 'duration_ms', 'change', 'fragment'])
    .where('account_id', '=', job.account_id)
    .where('job_id', '=', job.id)
    .where('ordinal', '=', ordinal)
    .executeTakeFirst();
  return page ?? null;
}
