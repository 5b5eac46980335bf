import { setTimeout as sleep } from 'node:timers/promises';
import type { RobotsCache } from '../../crawl/robots-cache.ts';
import type { Db } from '../../database/tables.ts';
import { EgressError, isRetryable, type Egress, type FetchedPage } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { PageResult } from '../../jobs/settle.ts';
import { loggableUrl, type Log } from '../../log.ts';
import { isSupportedContentType } from '../../scrape/decode/content-type.ts';
import {
  PageError,
  type ExtractOptions,
  type Extraction,
  type PageErrorCode,
  type RawPage,
} from '../../scrape/types.ts';
import type { Bodies, BodyRoom } from '../limits/body-memory.ts';
import { backOff, endBackOff } from '../hosts/clock.ts';
import { crawlLinks } from './crawl-links.ts';
import type { HostGate } from '../hosts/gate.ts';
import type { JobInfo } from '../queue/open-work.ts';
import type { Load } from '../limits/load.ts';
import { endedResult, okResult } from './result.ts';
import {
  ClockTrouble,
  fetchInPlace,
  onClock,
  PATIENCE_MS,
  PAUSE_STATUSES,
  retryAfter,
  RobotsTrouble,
  takePlace,
  TRANSIENT_STATUSES,
} from '../hosts/politeness.ts';
import type { PageIdentity } from '../pool/current-page.ts';
import type { RestingHosts } from '../hosts/rest.ts';

/** Seconds before each further try of a page that failed in passing. */
const RETRY_DELAYS = [1, 2, 4];
const SYNC_RETRY_MS = 250;

/** What a page needs from its thread. */
export interface PageWorker {
  db: Db;
  egress: Egress;
  gate: HostGate;
  load: Load;
  resting: RestingHosts;
  robots: RobotsCache;
  bodies: Bodies;
  log: Log;
  /** Extracts under the main thread's watch. */
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
  const end = (code: PageErrorCode, status: 'failed' | 'skipped'): PageOutcome => {
    return {
      settled: endedResult(page, status, code, fetched, fetchedAt, Math.round(performance.now() - begun)),
    };
  };

  const fetchPage = async (memory: BodyRoom): Promise<FetchedPage> => {
    const { headers, timeout_ms } = job.options;
    const request = { headers, timeoutMs: timeout_ms, memory, signal, accept: isSupportedContentType };
    return await fetchInPlace(worker, job, page, request);
  };

  async function fetchAndRead(): Promise<PageOutcome> {
    using room = worker.bodies.room(job.account_id);
    begun = performance.now();
    fetchedAt = new Date();
    fetched = await fetchPage(room);
    if (
      sync &&
      TRANSIENT_STATUSES.has(fetched.status) &&
      performance.now() - begun < job.options.timeout_ms / 2
    ) {
      await sleep(SYNC_RETRY_MS);
      if (await worker.gate.acquire(page.host, PATIENCE_MS, signal)) fetched = await fetchPage(room);
    }
    const again = await afterFetch(worker, page, fetched, sync);
    if (again !== null) return putOff(again, true);
    if (job.crawl && page.depth > 0 && !job.crawl.scope.sameSite(fetched.url))
      return end('out_of_scope', 'skipped');
    const raw = {
      url: fetched.url,
      status: fetched.status,
      contentType: fetched.contentType,
      robotsTag: fetched.headers['x-robots-tag'] ?? null,
      body: fetched.body,
    };
    const identity = { account_id: job.account_id, job_id: job.id, ordinal: page.ordinal };
    const extraction = await worker.extract(raw, job.options, identity);
    room.shrink(0); // reading the sitemaps may take a minute, and needs none
    const durationMs = Math.round(performance.now() - begun);
    if (job.crawl && (job.options as CrawlOptions).respect_noindex && extraction.robots.noindex) {
      const skipped = endedResult(page, 'skipped', 'robots', fetched, fetchedAt, durationMs);
      return {
        settled: { ...skipped, links: await crawlLinks(worker, job, page, fetched, extraction, signal) },
      };
    }
    return { settled: await okResult(worker, job, page, fetched, extraction, fetchedAt, durationMs, signal) };
  }

  try {
    const wait = await takePlace(worker, job, page, signal, { sync });
    return wait === null ? await worker.load.run(job.account_id, fetchAndRead) : putOff(wait, false);
  } catch (error) {
    if (error instanceof ClockTrouble) throw error;
    if (signal.aborted) return putOff(0, false);
    const again = sync ? null : againAfter(error, page.tries);
    if (again !== null) return putOff(again, true);
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

/** The seconds after which a page that failed so is to be tried again, or null. */
function againAfter(error: unknown, tries: number): number | null {
  const delay = RETRY_DELAYS[tries];
  if (delay === undefined) return null;
  if (error instanceof RobotsTrouble) return Math.max(delay, error.seconds);
  return isRetryable(error) ? delay : null;
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

function pageErrorCode(error: unknown): PageErrorCode {
  if (error instanceof PageError) return error.code;
  if (!(error instanceof EgressError)) return 'internal_error';
  return error.code === 'body_failed' ? 'internal_error' : error.code;
}
