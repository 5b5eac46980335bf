import { setTimeout as sleep } from 'node:timers/promises';
import type { RobotsCache } from '../crawl/robots-cache.ts';
import type { Robots } from '../crawl/robots.ts';
import type { Db } from '../database.ts';
import { EgressError, isRetryable, type Egress, type FetchedPage } from '../egress/index.ts';
import type { CrawlOptions } from '../jobs/options.ts';
import type { PageResult } from '../jobs/settle.ts';
import { loggableUrl, type Log } from '../log.ts';
import { isSupportedContentType } from '../scrape/content-type.ts';
import { PageError, type ExtractOptions, type Extraction, type PageErrorCode, type RawPage } from '../scrape/types.ts';
import { parseRetryAfter } from '../retry-after.ts';
import { BodyRoom } from './body-room.ts';
import { backOff, endBackOff, firstPause, takeTurn } from './host-clock.ts';
import type { HostGate } from './host-gate.ts';
import type { JobInfo } from './open-work.ts';
import type { Load } from './load.ts';
import { endedResult, okResult } from './page-result.ts';
import type { PageIdentity } from './reading-sign.ts';
import type { RestingHosts } from './resting-hosts.ts';
import type { SharedBudget } from './shared-budget.ts';

export const USER_AGENT = 'Mozilla/5.0 (compatible; Ollagraph/1.0)';
/** Longest wait for a host's turn or place that is spent holding a slice; beyond it the page is put off. */
const PATIENCE_MS = 30_000;
/** Seconds for which a page is put off whose host had no place within that time. */
const BUSY_SECONDS = 10;
/** Seconds before each further try of a page that failed in passing. */
const RETRY_DELAYS = [1, 2, 4];
const SYNC_RETRY_MS = 250;
const MAX_CRAWL_DELAY_SECONDS = 60;
/** With these a host asks to be left alone. */
const PAUSE_STATUSES: ReadonlySet<number> = new Set([429, 503]);
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** What a page needs from its thread. */
export interface PageWorker {
  db: Db;
  egress: Egress;
  gate: HostGate;
  load: Load;
  resting: RestingHosts;
  robots: RobotsCache;
  /** What the lane has for large bodies, in bytes. */
  bodies: SharedBudget;
  log: Log;
  /** Extracts under the main thread's watch: one page at a time. */
  extract(page: RawPage, options: ExtractOptions, identity: PageIdentity): Promise<Extraction>;
}

export interface PendingPage {
  ordinal: number;
  url: string;
  host: string;
  depth: number;
  tries: number;
}

/** A page that is to be taken up again in `after` seconds. `retry`: it failed, and that counts. */
export interface Deferral {
  ordinal: number;
  host: string;
  after: number;
  retry: boolean;
}

export type PageOutcome = { settled: PageResult } | { deferred: Deferral };

/** Fetches and reads one page. Every failure of the page is an outcome; what it throws is a failure of ours. */
export async function scrapePage(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  sync: boolean,
  signal: AbortSignal,
): Promise<PageOutcome> {
  const putOff = (after: number, retry: boolean): PageOutcome => {
    return { deferred: { ordinal: page.ordinal, host: page.host, after, retry } };
  };
  let begun = performance.now();
  let fetchedAt = new Date();
  let fetched: FetchedPage | null = null;
  const end = (code: PageErrorCode, state: 'failed' | 'skipped'): PageOutcome => {
    return { settled: endedResult(page, state, code, fetched, fetchedAt, Math.round(performance.now() - begun)) };
  };

  async function fetchAndRead(): Promise<PageOutcome> {
    using room = new BodyRoom(worker.bodies);
    begun = performance.now();
    fetchedAt = new Date();
    fetched = await fetchOnce(worker, job, page, room, signal);
    if (sync && TRANSIENT_STATUSES.has(fetched.status) && performance.now() - begun < job.options.timeout_ms / 2) {
      await sleep(SYNC_RETRY_MS);
      if (await worker.gate.acquire(page.host, PATIENCE_MS, signal))
        fetched = await fetchOnce(worker, job, page, room, signal);
    }
    const again = await afterFetch(worker, page, fetched, sync);
    if (again !== null) return putOff(again, true);
    if (job.crawl && page.depth > 0 && !job.crawl.scope.sameSite(fetched.url)) return end('out_of_scope', 'skipped');
    const raw = {
      url: fetched.url,
      status: fetched.status,
      contentType: fetched.contentType,
      robotsTag: fetched.headers['x-robots-tag'] ?? null,
      body: fetched.body,
    };
    const identity = { account_id: job.account_id, job_id: job.id, ordinal: page.ordinal };
    const extraction = await worker.extract(raw, job.options, identity);
    if (job.crawl && (job.options as CrawlOptions).respect_noindex && extraction.robots.noindex)
      return end('robots', 'skipped');
    const durationMs = Math.round(performance.now() - begun);
    return { settled: await okResult(worker, job, page, fetched, extraction, fetchedAt, durationMs) };
  }

  try {
    const wait = await beforeFetch(worker, job, page, sync, signal);
    return wait === null ? await worker.load.run(fetchAndRead) : putOff(wait, false);
  } catch (error) {
    if (error instanceof ClockTrouble) throw error;
    if (signal.aborted) return putOff(0, false);
    if (isRetryable(error) && !sync && page.tries < RETRY_DELAYS.length) {
      return putOff(RETRY_DELAYS[page.tries]!, true);
    }
    const code = pageErrorCode(error);
    worker.log[code === 'internal_error' ? 'error' : 'debug'](
      {
        request_id: job.request_id,
        job_id: job.id,
        ordinal: page.ordinal,
        url: loggableUrl(page.url),
        code,
        err: error,
      },
      'a page failed',
    );
    return end(code, code === 'robots' ? 'skipped' : 'failed');
  }
}

/**
 * Asks robots.txt, and waits for the host's turn and for one of its places. Returns the seconds to put the page off by, or null when
 * a place is taken: `fetchOnce` releases it. Throws PageError('robots').
 */
async function beforeFetch(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  sync: boolean,
  signal: AbortSignal,
): Promise<number | null> {
  const { gate, load, resting } = worker;
  let delayMs = job.crawl ? (job.options as CrawlOptions).delay_ms : 0;
  if (job.options.respect_robots) {
    const robots = await checkRobots(worker, page.url);
    delayMs = Math.max(delayMs, Math.min(robots.crawlDelaySeconds ?? 0, MAX_CRAWL_DELAY_SECONDS) * 1000);
  }
  if (delayMs > 0) {
    const turn = await onClock(takeTurn(worker.db, page.host, delayMs, PATIENCE_MS));
    if (!turn.taken) return Math.max(1, turn.waitMs / 1000);
    await load.park(sleep(turn.waitMs, undefined, { signal }));
  }
  if (!(await load.park(gate.acquire(page.host, PATIENCE_MS, signal)))) return signal.aborted ? 0 : BUSY_SECONDS;
  const rest = sync ? null : resting.secondsLeft(page.host);
  if (rest !== null) gate.release(page.host);
  return rest;
}

/** Fetches the page in the place that the caller has taken, and releases that. */
async function fetchOnce(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  memory: BodyRoom,
  signal: AbortSignal,
): Promise<FetchedPage> {
  try {
    const fetched = await worker.egress.fetchPage({
      url: page.url,
      headers: job.options.headers,
      userAgent: job.options.user_agent ?? USER_AGENT,
      timeoutMs: job.options.timeout_ms,
      memory,
      signal,
      accept: isSupportedContentType,
      ...(job.options.respect_robots ? { onRedirect: async (url) => void (await checkRobots(worker, url)) } : {}),
    });
    // Before the place is released: whoever gets it next is to know.
    if (PAUSE_STATUSES.has(fetched.status)) worker.resting.rest(page.host, firstPause(retryAfter(fetched)));
    return fetched;
  } finally {
    worker.gate.release(page.host);
  }
}

/** Throws where robots.txt does not allow the URL: what kept robots.txt from being read would keep the page from it too. */
async function checkRobots(worker: PageWorker, url: string): Promise<Robots> {
  const robots = await worker.robots.get(new URL(url).origin);
  if (!robots.allows(url)) throw robots.unreached ?? new PageError('robots');
  return robots;
}

/** The hosts' clock cannot be read or set: no fault of the page, whose slice is taken up again when the database is back. */
class ClockTrouble extends Error {}

async function onClock<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw new ClockTrouble("the hosts' clock failed", { cause });
  });
}

/** Keeps the host's back-off. Returns the seconds after which a transient answer is to be tried again, or null to take the answer. */
async function afterFetch(
  worker: PageWorker,
  page: PendingPage,
  fetched: FetchedPage,
  sync: boolean,
): Promise<number | null> {
  if (PAUSE_STATUSES.has(fetched.status)) {
    const pause = await onClock(backOff(worker.db, page.host, fetched.status, retryAfter(fetched)));
    worker.resting.rest(page.host, pause);
    return sync || page.tries >= RETRY_DELAYS.length ? null : pause;
  }
  if (TRANSIENT_STATUSES.has(fetched.status)) {
    return sync || page.tries >= RETRY_DELAYS.length ? null : RETRY_DELAYS[page.tries]!;
  }
  if (page.tries > 0) await onClock(endBackOff(worker.db, page.host));
  return null;
}

function retryAfter({ headers }: FetchedPage): number | null {
  return parseRetryAfter(headers['retry-after'] ?? null);
}

function pageErrorCode(error: unknown): PageErrorCode {
  if (error instanceof PageError) return error.code;
  if (!(error instanceof EgressError)) return 'internal_error';
  return error.code === 'body_failed' ? 'internal_error' : error.code;
}
