import { setTimeout as sleep } from 'node:timers/promises';
import type { Robots } from '../../crawl/robots.ts';
import type { FetchedPage, PageRequest } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import { parseRetryAfter } from '../../egress/retry-after.ts';
import { PageError } from '../../scrape/types.ts';
import { firstPause, takeTurn } from './clock.ts';
import type { JobInfo } from '../queue/open-work.ts';
import type { PageWorker } from '../page/page.ts';

export const USER_AGENT = 'Mozilla/5.0 (compatible; Ollagraph/1.0)';
/** Longest wait for a host's turn or place that is spent holding a slice; beyond it the page is put off. */
export const PATIENCE_MS = 30_000;
/** Seconds for which a page is put off whose host had no place within that time. */
const BUSY_SECONDS = 10;
const MAX_CRAWL_DELAY_SECONDS = 60;
/** With these a host asks to be left alone. */
export const PAUSE_STATUSES: ReadonlySet<number> = new Set([429, 503]);
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** An address and its host, with the port. */
export interface Target {
  url: string;
  host: string;
}

export interface PlaceOptions {
  /** Somebody waits for the answer: a host that rests is asked all the same. */
  sync?: boolean;
  /** The robots.txt names it: no rule of it forbids it. */
  vouched?: boolean;
}

/** The robots.txt could not be read for now: asking again in `seconds` may help. */
export class RobotsTrouble extends PageError {
  readonly seconds: number;

  constructor(seconds: number) {
    super('robots');
    this.seconds = seconds;
  }
}

/** The hosts' clock cannot be read or set: no fault of the page, whose slice is taken up again when the database is back. */
export class ClockTrouble extends Error {}

export async function onClock<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw new ClockTrouble("the hosts' clock failed", { cause });
  });
}

/**
 * Asks robots.txt, and waits for the host's turn and for one of its places. Returns the seconds to put the target off by, or null when
 * a place is taken: `fetchInPlace` releases it. Throws PageError('robots').
 */
export async function takePlace(
  worker: PageWorker,
  job: JobInfo,
  { url, host }: Target,
  signal: AbortSignal,
  { sync = false, vouched = false }: PlaceOptions = {},
): Promise<number | null> {
  const { gate, load, resting } = worker;
  let delayMs = job.crawl ? (job.options as CrawlOptions).delay_ms : 0;
  if (job.options.respect_robots) {
    const robots = vouched ? await worker.robots.get(url) : await checkRobots(worker, url);
    delayMs = Math.max(delayMs, Math.min(robots.crawlDelaySeconds ?? 0, MAX_CRAWL_DELAY_SECONDS) * 1000);
  }
  if (delayMs > 0) {
    const turn = await onClock(takeTurn(worker.db, host, delayMs, PATIENCE_MS));
    if (!turn.taken) return Math.max(1, turn.waitMs / 1000);
    await load.park(sleep(turn.waitMs, undefined, { signal }));
  }
  if (!(await load.park(gate.acquire(host, PATIENCE_MS, signal)))) return signal.aborted ? 0 : BUSY_SECONDS;
  const rest = sync ? null : resting.secondsLeft(host);
  if (rest !== null) gate.release(host);
  return rest;
}

/** Fetches the target in the place that the caller has taken, and releases that. */
export async function fetchInPlace(
  worker: PageWorker,
  job: JobInfo,
  { url, host }: Target,
  request: Omit<PageRequest, 'url' | 'userAgent' | 'onRedirect'>,
): Promise<FetchedPage> {
  const { respect_robots, user_agent } = job.options;
  try {
    const fetched = await worker.egress.fetchPage({
      ...request,
      url,
      userAgent: user_agent ?? USER_AGENT,
      ...(respect_robots ? { onRedirect: async (next) => void (await checkRobots(worker, next)) } : {}),
    });
    // Before the place is released: whoever gets it next is to know.
    if (PAUSE_STATUSES.has(fetched.status)) worker.resting.rest(host, firstPause(retryAfter(fetched)));
    return fetched;
  } finally {
    worker.gate.release(host);
  }
}

/** Throws where robots.txt does not allow the URL: what kept robots.txt from being read would keep the page from it too. */
async function checkRobots(worker: PageWorker, url: string): Promise<Robots> {
  const robots = await worker.robots.get(url);
  if (robots.allows(url)) return robots;
  if (robots.unreached !== undefined) throw robots.unreached;
  throw robots.againInSeconds === undefined
    ? new PageError('robots')
    : new RobotsTrouble(robots.againInSeconds);
}

/** The seconds that the answer asks to wait, or null. */
export function retryAfter({ headers }: FetchedPage): number | null {
  return parseRetryAfter(headers['retry-after'] ?? null);
}
