import { setTimeout as sleep } from 'node:timers/promises';
import { createRobotsCache, type RobotsCache } from '../../crawl/robots-cache.ts';
import type { Robots } from '../../crawl/robots.ts';
import type { Db } from '../../database/tables.ts';
import type { Egress, FetchedPage, PageRequest } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { Permit } from '../../limits/permit.ts';
import { PageError } from '../../scrape/types.ts';
import type { Load } from '../limits/load.ts';
import type { JobInfo } from '../queue/open-work.ts';
import { PAUSE_STATUSES, retryAfterSeconds, USER_AGENT } from './answer.ts';
import { firstPause, HostClock } from './clock.ts';
import type { HostGate } from './gate.ts';
import { RestingHosts } from './rest.ts';
import { fetchRobots } from './robots.ts';

/** The longest wait for a host while a slice is held. Beyond it the page is deferred. */
const PATIENCE_MS = 30_000;
/** The deferral of a page whose host had no place within PATIENCE_MS. */
const BUSY_SECONDS = 10;
const MAX_CRAWL_DELAY_SECONDS = 60;
const ROBOTS_TTL_MS = 24 * 3600_000;
const ROBOTS_ORIGINS = 2000;

/** A URL and its host, with the port. */
export interface Target {
  url: string;
  host: string;
}

/** Who wants to enter a host, and for what. */
export interface Entry {
  job: JobInfo;
  target: Target;
  signal: AbortSignal;
  /** A caller waits for the answer: the host is asked even while it rests. */
  sync?: boolean;
  /** The site's robots.txt names the URL: none of its rules forbids it. */
  vouched?: boolean;
}

/** The host cannot be asked now. Trying again in `seconds` may help, and does not count as a try. */
export class HostBusyError extends Error {
  override name = 'HostBusyError';
  readonly seconds: number;

  constructor(seconds: number) {
    super(`the host is to be asked in ${seconds} s`);
    this.seconds = seconds;
  }
}

/** The robots.txt cannot be read now. Trying again in `seconds` may help. */
export class RobotsUnavailableError extends PageError {
  readonly seconds: number;

  constructor(seconds: number) {
    super('robots');
    this.seconds = seconds;
  }
}

interface HostsOptions {
  db: Db;
  egress: Egress;
  gate: HostGate;
  load: Load;
}

/** Every request to a scraped host passes through here: robots.txt, the host's turns, its pauses and its places. */
export class Hosts {
  readonly clock: HostClock;
  readonly resting = new RestingHosts();
  readonly #egress: Egress;
  readonly #gate: HostGate;
  readonly #load: Load;
  readonly #robots: RobotsCache;

  constructor({ db, egress, gate, load }: HostsOptions) {
    this.clock = new HostClock(db);
    this.#egress = egress;
    this.#gate = gate;
    this.#load = load;
    this.#robots = createRobotsCache({
      ttlMs: ROBOTS_TTL_MS,
      maxEntries: ROBOTS_ORIGINS,
      fetch: (url) => fetchRobots(egress, url),
    });
  }

  /** The sitemaps that the robots.txt of an origin names. */
  async sitemapsOf(origin: string): Promise<string[]> {
    return (await this.#robots.get(origin)).sitemaps;
  }

  /**
   * Waits for the host's turn and for one of its places. Throws HostBusyError where that takes too long or the host rests, PageError
   * `robots` where its robots.txt forbids the URL, and HostClockError.
   */
  async enter({ job, target, signal, sync = false, vouched = false }: Entry): Promise<HostPlace> {
    const delayMs = await this.#delayMs(job, target.url, vouched);
    if (delayMs > 0) await this.#awaitTurn({ job, target, signal }, delayMs);
    const permit = await this.#load.park(
      job.account_id,
      this.#gate.acquire(job.account_id, target.host, PATIENCE_MS, signal),
    );
    if (!permit) throw new HostBusyError(signal.aborted ? 0 : BUSY_SECONDS);
    const rest = sync ? 0 : this.resting.secondsLeft(target.host);
    if (rest > 0) {
      permit[Symbol.dispose]();
      throw new HostBusyError(rest);
    }
    return new HostPlace(permit, async (request) => await this.#fetch(job, target, request));
  }

  async #delayMs(job: JobInfo, url: string, vouched: boolean): Promise<number> {
    const callersMs = job.crawl ? (job.options as CrawlOptions).delay_ms : 0;
    if (!job.options.respect_robots) return callersMs;
    const robots = vouched ? await this.#robots.get(url) : await this.#allowedBy(url);
    const sitesSeconds = Math.min(robots.crawlDelaySeconds ?? 0, MAX_CRAWL_DELAY_SECONDS);
    return Math.max(callersMs, sitesSeconds * 1000);
  }

  async #awaitTurn({ job, target, signal }: Entry, delayMs: number): Promise<void> {
    const turn = await this.clock.takeTurn(target.host, delayMs, PATIENCE_MS);
    if (!turn.taken) throw new HostBusyError(Math.max(1, turn.waitMs / 1000));
    await this.#load.park(job.account_id, sleep(turn.waitMs, undefined, { signal }));
  }

  async #fetch(job: JobInfo, { url, host }: Target, request: PlaceRequest): Promise<FetchedPage> {
    const { respect_robots, user_agent } = job.options;
    const fetched = await this.#egress.fetchPage({
      ...request,
      url,
      userAgent: user_agent ?? USER_AGENT,
      ...(respect_robots ? { onRedirect: async (next) => void (await this.#allowedBy(next)) } : {}),
    });
    // Before the place is given back, so that whoever takes it next knows.
    if (PAUSE_STATUSES.has(fetched.status)) this.resting.rest(host, firstPause(retryAfterSeconds(fetched)));
    return fetched;
  }

  /** The robots.txt that allows the URL. What kept it from being read would keep the page from being read too. */
  async #allowedBy(url: string): Promise<Robots> {
    const robots = await this.#robots.get(url);
    if (robots.allows(url)) return robots;
    if (robots.unreached !== undefined) throw robots.unreached;
    throw robots.againInSeconds === undefined
      ? new PageError('robots')
      : new RobotsUnavailableError(robots.againInSeconds);
  }
}

type PlaceRequest = Omit<PageRequest, 'url' | 'userAgent' | 'onRedirect'>;

/** A place at a host, good for one fetch. */
export class HostPlace implements Disposable {
  readonly #permit: Permit;
  readonly #fetch: (request: PlaceRequest) => Promise<FetchedPage>;

  constructor(permit: Permit, fetch: (request: PlaceRequest) => Promise<FetchedPage>) {
    this.#permit = permit;
    this.#fetch = fetch;
  }

  /** Fetches what the place was entered for, and gives the place back when the answer is there. */
  async fetch(request: PlaceRequest): Promise<FetchedPage> {
    try {
      return await this.#fetch(request);
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#permit[Symbol.dispose]();
  }
}
