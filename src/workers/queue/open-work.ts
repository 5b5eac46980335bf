import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { SecretBox } from '../../accounts/secrets.ts';
import { readKnownText, readKnownPages, runOf } from '../../changes/known-pages.ts';
import type { KnownPage } from '../../changes/page-change.ts';
import type { DeliverMode, JobKind, JobStatus, WebhookEvent } from '../../database/enumerations.ts';
import type { Db } from '../../database/tables.ts';
import { CookieSession } from '../../egress/index.ts';
import { crawlScope, type CrawlOptions, type MapOptions, type ScrapeOptions } from '../../jobs/options.ts';
import { openOptions } from '../../jobs/sealed-options.ts';
import { openSession } from './session.ts';
import { startJob } from '../../jobs/progress/start.ts';
import type { Slice } from '../../database/queue.ts';
import { InDoubtError } from '../../database/connect/trouble.ts';
import { createdAt } from '../../ids.ts';
import type { JobInfo, PendingPage, Watch } from '../job.ts';

export interface OpenWork {
  job: JobInfo;
  pages: PendingPage[];
  /** The seconds for which hosts of these pages asked to be left alone. */
  resting: Map<string, number>;
}

/** The columns of a job that are read once. Null where the job is known. */
interface JobColumns {
  kind: JobKind | null;
  status: JobStatus | null;
  options: ScrapeOptions | CrawlOptions | null;
  secrets: string | null;
  request_id: string | null;
  traceparent: string | null;
  webhook_url: string | null;
  webhook_events: WebhookEvent[] | null;
  schedule_id: string | null;
  run: number | null;
  job_baseline: number | null;
  content_baseline: number | null;
  deliver: DeliverMode | null;
  diff: boolean | null;
}
const JOB_COLUMNS = [
  'kind',
  'status',
  'options',
  'secrets',
  'request_id',
  'traceparent',
  'webhook_url',
  'webhook_events',
  'schedule_id',
  'run',
  'job_baseline',
  'content_baseline',
  'deliver',
  'diff',
] satisfies (keyof JobColumns)[];

interface Row extends Omit<PendingPage, 'known'>, JobColumns {
  session: string | null;
  rest_seconds: number | null;
}

/** How long after its creation a job that is not there may still appear. */
const MAY_APPEAR_MS = 3600_000;

/**
 * Whether nothing of a slice is left to do; false where it has appeared meanwhile. With several
 * database machines a slice may show before its job and pages do: the lock waits for a transaction
 * that has yet to be committed there. Throws an InDoubtError where the job has yet to appear.
 */
async function isOver(db: Db, { account_id, job_id, ordinals }: Slice): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    const job = await sql<{ ended: boolean }>`
      select finished_at is not null as ended from jobs
      where account_id = ${account_id} and id = ${job_id} for share`.execute(tx);
    if (job.rows.length === 0 && Date.now() - createdAt(job_id) < MAY_APPEAR_MS)
      throw new InDoubtError(`job ${job_id} does not show yet`);
    if (job.rows[0]?.ended !== false) return true;
    const pages = await sql`
      select 1 from pages
      where account_id = ${account_id} and job_id = ${job_id} and ordinal = any(${ordinals}::int[])
        and status = 'pending' limit 1`.execute(tx);
    return pages.rows.length === 0;
  });
}

/** The most jobs whose options are kept. */
const KEPT = 200;

/** Reads what is to be done, and the options of a job once for all its slices. */
export class WorkReader {
  readonly #db: Db;
  readonly #box: SecretBox;
  readonly #known = new LRUCache<string, JobInfo>({ max: KEPT });

  constructor(db: Db, box: SecretBox) {
    this.#db = db;
    this.#box = box;
  }

  /**
   * The pages of a slice that are still open; null when none is, or its job has ended. A queued job
   * is running from now on.
   */
  async read(slice: Slice): Promise<OpenWork | null> {
    const { account_id, job_id, ordinals } = slice;
    const remembered = this.#known.get(job_id);
    const { rows } = await sql<Row>`
      select p.ordinal, p.url, p.host, p.depth, p.tries, j.session,
        (extract(epoch from clock_timestamp() - j.created_at) * 1000)::float8 as waited_ms,
        (extract(epoch from greatest(h.backoff_until, a.backoff_until) - now()))::float8 as rest_seconds,
        ${sql.raw(JOB_COLUMNS.map((name) => (remembered ? `null as ${name}` : `j.${name}`)).join(', '))}
      from jobs j join pages p on p.account_id = j.account_id and p.job_id = j.id
        left join hosts h on h.host = p.host and h.backoff_until > now()
        left join account_hosts a on a.account_id = p.account_id and a.host = p.host
          and a.backoff_until > now()
      where j.account_id = ${account_id} and j.id = ${job_id} and j.finished_at is null
        and p.account_id = ${account_id} and p.job_id = ${job_id} and p.ordinal = any(${ordinals}::int[])
        and p.status = 'pending'
      order by p.ordinal`.execute(this.#db);
    const [first] = rows;
    if (!first) return (await isOver(this.#db, slice)) ? null : await this.read(slice);
    if (first.status === 'queued') await startJob(this.#db, account_id, job_id);
    const resting = rows.flatMap(({ host, rest_seconds }) =>
      rest_seconds === null ? [] : [[host, rest_seconds] as const],
    );
    const job = remembered ?? this.#remember(account_id, job_id, first);
    job.session?.load(openSession(this.#box, account_id, first.session));
    const known = await this.#knownPages(job, ordinals);
    return {
      job,
      pages: rows.map(({ ordinal, url, host, depth, tries, waited_ms }) => ({
        ordinal,
        url,
        host,
        depth,
        tries,
        waited_ms,
        known: known.get(ordinal) ?? null,
      })),
      resting: new Map(resting),
    };
  }

  async #knownPages({ watch }: JobInfo, ordinals: number[]): Promise<Map<number, KnownPage>> {
    return watch === null ? new Map() : await readKnownPages(this.#db, watch.run, ordinals);
  }

  #watchOf(account_id: string, id: string, row: Row): Watch | null {
    const runJob = runOf({ ...row, account_id, id });
    if (runJob === null) return null;
    const { deliver, diff } = row;
    return {
      run: runJob,
      onlyChanges: deliver === 'changes',
      diff: diff === true,
      textOf: async (ordinal) => await readKnownText(this.#db, runJob, ordinal),
    };
  }

  #remember(account_id: string, id: string, row: Row): JobInfo {
    const { kind, secrets, request_id, traceparent } = row;
    const options = openOptions(this.#box, account_id, { stored: row.options!, secrets });
    const map = kind === 'map' ? (options as MapOptions) : null;
    const crawl = kind === 'crawl' || map ? { scope: crawlScope(options as CrawlOptions) } : null;
    const session = options.session === null ? null : new CookieSession();
    const callback_url = row.webhook_events?.join() === 'job.completed' ? row.webhook_url : null;
    const watch = this.#watchOf(account_id, id, row);
    const facts = { account_id, id, request_id, traceparent, callback_url, options, session };
    const info: JobInfo = { ...facts, crawl, map, watch };
    this.#known.set(id, info);
    return info;
  }
}
