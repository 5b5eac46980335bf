import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { PgBoss } from 'pg-boss';
import { bytea, int, rows, text } from '../database/rows.ts';
import { recordAudit, type Actor } from '../accounts/audit.ts';
import { reserveCredits } from '../accounts/credits.ts';
import { sealJson, type SecretBox } from '../accounts/secrets.ts';
import { crashPoint } from '../crash-point.ts';
import type { DeliverMode, JobKind, WebhookEvent, WebhookPayload } from '../database/enumerations.ts';
import type { Db, Tx } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { notify } from '../database/notifications.ts';
import { insertSlices, type Lane, type Slice } from '../database/queue.ts';
import { claimIdempotencyKey, type IdempotencyClaim } from './idempotency.ts';
import { cacheKeysFor, type CrawlOptions, type MapOptions, type ScrapeOptions } from './options.ts';
import { estimateSeconds } from './estimate.ts';
import { keepDeadline } from './progress/deadlines.ts';
import { crawlHash } from './progress/frontier.ts';
import { sealOptions } from './sealed-options.ts';
import { limitMark, SLICE_PAGES, SliceDivider } from './slices.ts';

/** The most pages that one statement inserts, and the most characters of their URLs. */
const INSERT_PAGES = 5000;
const INSERT_CHARACTERS = 1024 * 1024;
/** URLs that are read before other requests get a turn: some milliseconds. */
const PIECE = 2000;

export interface NewJob {
  account_id: string;
  /** Who asks for it: the audit says so, and the limit of the key is kept. */
  by: Actor;
  kind: JobKind;
  lane: Lane;
  /** The caller holds the connection until the job ends. */
  sync: boolean;
  /**
   * http(s) URLs, and texts that fail as pages. A URL given twice is two pages. A crawl has one:
   * its seed.
   */
  urls: string[];
  options: ScrapeOptions | CrawlOptions | MapOptions;
  /** The caller's metadata as JSON text. */
  metadata: string | null;
  webhook_url: string | null;
  webhook_payload: WebhookPayload;
  webhook_headers: Record<string, string> | null;
  /** Empty where nothing is announced: a synchronous request has its answer. */
  webhook_events: WebhookEvent[];
  /** Seconds after which the job ends with what is done; null: it ends when all is done. */
  finish_within: number | null;
  request_id: string | null;
  /** The parent of the job's spans. */
  traceparent: string | null;
  idempotency: IdempotencyClaim | null;
  /** The run of a schedule that it is. */
  schedule?: ScheduledRun | null;
}

/** Which run of a schedule a job is, and how it reports. */
export interface ScheduledRun {
  schedule_id: string;
  job_baseline: number;
  content_baseline: number;
  run: number;
  deliver: DeliverMode;
  diff: boolean;
}

/** A job that only has to be stored. */
export interface PreparedJob {
  id: string;
  job: NewJob;
  hosts: string[];
  slices: Slice[];
}

export interface CreatedJob {
  job_id: string;
  /** Whether an earlier request with the same idempotency key created it. */
  repeated: boolean;
  /** See `estimateSeconds`; a crawl counts all the pages that it may have. */
  estimated_seconds: number | null;
}

/** What the creation of a job needs of the service. */
export interface JobTools {
  db: Db;
  boss: PgBoss;
  box: SecretBox;
}

/**
 * Creates a job in one transaction: the job, its pages, the queue's slices and the hold on its
 * credits. Returns its id, or the id of the job that the same idempotency key made before, and how
 * long it may take. Throws OutOfCreditsError, or ServiceError `idempotency_mismatch` or
 * `idempotency_busy`.
 */
export async function createJob(tools: JobTools, job: NewJob): Promise<CreatedJob> {
  const prepared = await prepareJob(job);
  const estimated_seconds = job.sync ? null : await estimate(tools.db, job, prepared.hosts);
  const created = await tools.db.transaction().execute(async (tx) => await insertJob(tx, tools, prepared));
  crashPoint('job.created');
  return { ...created, estimated_seconds };
}

async function estimate(
  db: Db,
  { account_id, options, finish_within }: NewJob,
  hosts: string[],
): Promise<number | null> {
  const crawl = 'max_pages' in options ? options : null;
  const pages = new Map<string, number>();
  for (const host of hosts) pages.set(host, (pages.get(host) ?? 0) + (crawl?.max_pages ?? 1));
  const { respect_robots } = options;
  const work = { account_id, pages, delay_ms: crawl?.delay_ms ?? 0, respect_robots };
  const seconds = await estimateSeconds(db, work);
  return seconds === null ? null : Math.min(seconds, finish_within ?? seconds);
}

/** By the database's clock, which it is compared with. */
function finishBy({ finish_within }: NewJob) {
  return finish_within === null ? null : sql<Date>`now() + ${finish_within}::int * interval '1 s'`;
}

/** Gives a job its id and divides its pages, before the transaction that stores it. */
export async function prepareJob(job: NewJob): Promise<PreparedJob> {
  const id = newId('job');
  return { id, job, ...(await divide(job, id)) };
}

/**
 * Stores a prepared job in the caller's transaction. Throws as `createJob` does. It locks the
 * account's row until the transaction ends.
 */
export async function insertJob(
  tx: Tx,
  { boss, box }: Pick<JobTools, 'boss' | 'box'>,
  { id, job, hosts, slices }: PreparedJob,
): Promise<Omit<CreatedJob, 'estimated_seconds'>> {
  if (job.idempotency) {
    const earlier = await claimIdempotencyKey(tx, job.account_id, job.idempotency, id);
    if (earlier !== null) return { job_id: earlier, repeated: true };
  }
  const reserved = (maxPagesOf(job) ?? job.urls.length) * mostCredits(job.options);
  const priority = await insertRow(tx, box, { id, job, reserved });
  await insertPages(tx, job, hosts, id);
  if (job.finish_within !== null)
    await keepDeadline(tx, { account_id: job.account_id, id }, job.finish_within);
  const { account_id, by: actor, request_id } = job;
  await recordAudit(tx, { account_id, actor, action: 'job.create', target: id, request_id });
  await insertSlices(boss, tx, { lane: job.lane, slices, priority });
  await reserveCredits(tx, { account_id, id, key_id: actor.key_id }, reserved);
  await notify(tx, { type: 'slices', lane: job.lane });
  crashPoint('job.create');
  return { job_id: id, repeated: false };
}

/** The most pages that a crawl may have; null for other jobs. */
const maxPagesOf = ({ kind, options }: NewJob) =>
  kind === 'crawl' ? (options as CrawlOptions).max_pages : null;

/** Returns the priority of the job's first slice. */
async function insertRow(
  tx: Tx,
  box: SecretBox,
  { id, job, reserved }: { id: string; job: NewJob; reserved: number },
): Promise<number> {
  const { stored, secrets } = sealOptions(box, job.account_id, job.options);
  const priority = await basePriority(tx, job.account_id);
  await tx
    .insertInto('jobs')
    .values({
      account_id: job.account_id,
      id,
      kind: job.kind,
      options: JSON.stringify(stored),
      secrets,
      metadata: job.metadata,
      webhook_url: job.webhook_url,
      webhook_payload: job.webhook_payload,
      webhook_headers: sealJson(box, job.webhook_headers, job.account_id),
      webhook_events: job.webhook_events,
      priority,
      total: job.urls.length,
      remaining: job.urls.length,
      reserved,
      max_pages: maxPagesOf(job),
      finish_by: finishBy(job),
      key_id: job.by.key_id,
      request_id: job.request_id,
      traceparent: job.traceparent,
      ...job.schedule,
    })
    .execute();
  return priority;
}

/** The most that one page of a job may cost. */
function mostCredits({ rendering }: ScrapeOptions): number {
  return rendering?.credits ?? 1;
}

/**
 * Fair queueing: a job starts behind the open work of its account, so that an account with little
 * work overtakes one with much. One step of priority is one slice.
 */
async function basePriority(tx: Tx, accountId: string): Promise<number> {
  const { rows: open } = await sql<{ priority: number }>`
    select -coalesce(sum(remaining), 0)::int / ${SLICE_PAGES}::int as priority from jobs
    where account_id = ${accountId} and finished_at is null`.execute(tx);
  return open[0]!.priority;
}

/** The host of each page, and the slices of the queue. Other requests get their turn meanwhile. */
async function divide(
  { account_id, kind, urls, sync, request_id, options }: NewJob,
  job_id: string,
): Promise<{ hosts: string[]; slices: Slice[] }> {
  const divider = new SliceDivider();
  const hosts: string[] = [];
  for (const [ordinal, url] of urls.entries()) {
    if (ordinal % PIECE === PIECE - 1) await nextTurn();
    const host = URL.parse(url)?.host ?? '';
    hosts.push(host);
    divider.add({ ordinal, host });
  }
  const marks = {
    ...(sync ? { sync } : {}),
    ...limitMark(options),
    ...(kind === 'map' ? { map: true } : {}),
  };
  const facts = { account_id, job_id, request_id, ...marks };
  const parts = divider.finish((ordinal) => hosts[ordinal]!);
  return { hosts, slices: parts.map((part) => ({ ...facts, ...part })) };
}

async function insertPages(tx: Tx, job: NewJob, hosts: string[], jobId: string): Promise<void> {
  const cacheKey = cacheKeysFor(job.options);
  for (let from = 0; from < job.urls.length;) {
    const urls = job.urls.slice(from, insertEnd(job.urls, from));
    const first = from;
    const pages = rows(urls, {
      ordinal: int((_, n) => first + n),
      url: text((url) => url),
      host: text((_, n) => hosts[first + n]),
      url_hash: bytea((url) => (job.kind === 'crawl' ? crawlHash(url) : null)),
      cache_key: bytea((url) => cacheKey(url)),
    });
    await sql`
      insert into pages (account_id, job_id, ${pages.columns})
      select ${job.account_id}, ${jobId}, * from ${pages.as('p')}`.execute(tx);
    from += urls.length;
  }
}

/** The end of the pages that one statement inserts, which begin at `from`. */
function insertEnd(urls: string[], from: number): number {
  let characters = 0;
  let end = from;
  while (end < urls.length && end - from < INSERT_PAGES && characters < INSERT_CHARACTERS)
    characters += urls[end++]!.length;
  return end;
}
