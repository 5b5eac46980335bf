import { setTimeout as sleep } from 'node:timers/promises';
import type { Robots } from '../../crawl/robots.ts';
import type { Db } from '../../database/tables.ts';
import { AddressBusyError, EgressError, type FetchedPage, type PageRequest } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import { PageError } from '../../scrape/types.ts';
import type { Load } from '../limits/load.ts';
import type { JobInfo } from '../job.ts';
import { routeFor, type ProxyConfig, type Route } from '../proxies/route.ts';
import { turnsAway, type RoutedEgress, type RoutedPage, type Routing } from '../proxies/routed-egress.ts';
import { PAUSE_STATUSES, retryAfterSeconds, USER_AGENT } from './answer.ts';
import { firstPause, HostClock, type Turn, type Visitor } from './clock.ts';
import { HostBusyError, RobotsUnavailableError } from './errors.ts';
import type { HostGate } from './gate.ts';
import { HostPlace, type PlaceRequest, type Routed, type Way } from './place.ts';
import { RefusingHosts } from './refusals.ts';
import { RestingHosts } from './rest.ts';
import { RobotsFiles } from './robots-files.ts';

/** The longest wait for a host while a slice is held. Beyond it the page is deferred. */
const PATIENCE_MS = 30_000;
const PATIENCE = { patienceMs: PATIENCE_MS };
/** The deferral of a page whose host had no place within PATIENCE_MS. */
const BUSY_SECONDS = 10;
const MAX_CRAWL_DELAY_SECONDS = 60;
/** The turn of a fetch that needs none. */
const NOW: Turn = { taken: true, waitMs: 0 };

/** A URL and its host, with the port. */
export interface Target {
  url: string;
  host: string;
}

/** A request to enter a host. */
export interface Entry {
  job: JobInfo;
  target: Target;
  signal: AbortSignal;
  /** A caller waits for the answer: the host is asked even while it rests. */
  sync?: boolean;
  /** The site's robots.txt names the URL: none of its rules forbids it. */
  vouched?: boolean;
  /** Through the pool, where the job's own way has been turned away. */
  throughPool?: boolean;
  /** What the visitor waits for besides, between the host's turn and its place. */
  afterTurn?: () => Promise<void>;
}

interface HostsOptions {
  db: Db;
  egress: RoutedEgress;
  config: ProxyConfig;
  gate: HostGate;
  load: Load;
}

/**
 * Every request to a scraped host passes through here: robots.txt, the host's turns, its pauses and
 * its places.
 */
export class Hosts {
  readonly clock: HostClock;
  readonly resting = new RestingHosts();
  readonly refusing = new RefusingHosts();
  readonly #egress: RoutedEgress;
  readonly #config: ProxyConfig;
  readonly #gate: HostGate;
  readonly #load: Load;
  readonly #robots: RobotsFiles;

  constructor({ db, egress, config, gate, load }: HostsOptions) {
    this.clock = new HostClock(db);
    this.#egress = egress;
    this.#config = config;
    this.#gate = gate;
    this.#load = load;
    this.#robots = new RobotsFiles(egress);
  }

  /** The sitemaps that the robots.txt of an origin names. */
  async sitemapsOf(job: JobInfo, origin: string): Promise<string[]> {
    return (await this.#robotsOf(job, origin)).sitemaps;
  }

  async #robotsOf(job: JobInfo, url: string): Promise<Robots> {
    return await this.#robots.of(job, this.#routeOf(job)).get(url, job.account_id);
  }

  /** Whether an answer turns the job away that the pool has not been tried for. */
  mayFallBack(job: JobInfo, { via, ...answer }: RoutedPage): boolean {
    return via === null && this.#routeOf(job).kind === 'fallback' && !turnsAway(answer);
  }

  #routeOf({ options }: JobInfo): Route {
    const route = routeFor(options.proxy, this.#config);
    if (route === null) throw new EgressError('proxy_failed', { retryable: false });
    return route;
  }

  /**
   * Waits for the host's turn and for one of its places. Throws HostBusyError where that takes too
   * long or the host rests, HostRefusesError where it is left alone because it blocks the job,
   * PageError `robots` where its robots.txt forbids the URL, and HostClockError.
   */
  async enter(entry: Entry): Promise<HostPlace> {
    const { job, target, signal, sync = false, vouched = false } = entry;
    this.refusing.check(job.id, target.host);
    await this.#awaitTurn({ job, target, signal, vouched });
    await entry.afterTurn?.();
    const permit = await this.#load.park(job.account_id, this.#takePlace(job, target.host, signal));
    if (!permit) throw new HostBusyError(signal.aborted ? 0 : BUSY_SECONDS);
    using owned = new DisposableStack();
    owned.use(permit);
    const visitor = { accountId: job.account_id, host: target.host };
    const rest = sync ? 0 : this.resting.secondsLeft(visitor);
    if (rest > 0) throw new HostBusyError(rest);
    this.refusing.check(job.id, target.host);
    return new HostPlace(owned.move(), this.refusing.mayBlock(job.id, target.host), {
      fetch: async (request) => await this.#fetch(entry, request),
      visit: async (way, timeoutMs) => await this.#visit(entry, way, timeoutMs),
    });
  }

  /**
   * A place at the host, and for a job with `max_concurrency` one of the job's own first, so that
   * it does not hold a place at the host while it waits. Null where that takes too long.
   */
  async #takePlace(job: JobInfo, host: string, signal: AbortSignal): Promise<Disposable | null> {
    const { max_concurrency } = job.options;
    if (max_concurrency == null) return await this.#gate.acquire(job.account_id, host, PATIENCE_MS, signal);
    const limit = { id: job.id, capacity: max_concurrency };
    using stack = new DisposableStack();
    const share = stack.use(await this.#gate.acquireOfJob(limit, PATIENCE_MS, signal));
    const place = share && stack.use(await this.#gate.acquire(job.account_id, host, PATIENCE_MS, signal));
    return place && stack.move();
  }

  /**
   * Waits for the account's turn, where the caller asks for a delay, and for the host's, where its
   * robots.txt does.
   */
  async #awaitTurn({ job, target, signal, vouched = false }: Entry): Promise<void> {
    const sitesMs = await this.#sitesDelayMs(job, target.url, vouched);
    const callersMs = job.crawl ? (job.options as CrawlOptions).delay_ms : 0;
    const visitor = { accountId: job.account_id, host: target.host };
    // What a site answers through a caller's proxy binds nobody else.
    const [sharedMs, ownMs] =
      this.#routeOf(job).kind === 'caller' ? [0, Math.max(sitesMs, callersMs)] : [sitesMs, callersMs];
    const turns = [
      sharedMs > 0 ? await this.clock.takeTurn(visitor, { delayMs: sharedMs, ...PATIENCE }) : NOW,
      ownMs > 0 ? await this.clock.takeTurnOf(visitor, { delayMs: ownMs, ...PATIENCE }) : NOW,
    ];
    const waitMs = Math.max(...turns.map((turn) => turn.waitMs));
    if (turns.some((turn) => !turn.taken)) throw new HostBusyError(Math.max(1, waitMs / 1000));
    if (waitMs > 0) await this.#load.park(job.account_id, sleep(waitMs, undefined, { signal }));
  }

  async #sitesDelayMs(job: JobInfo, url: string, vouched: boolean): Promise<number> {
    if (!job.options.respect_robots) return 0;
    const robots = vouched ? await this.#robotsOf(job, url) : await this.#allowedBy(job, url);
    return Math.min(robots.crawlDelaySeconds ?? 0, MAX_CRAWL_DELAY_SECONDS) * 1000;
  }

  async #fetch(entry: Entry, request: PlaceRequest): Promise<RoutedPage> {
    const { job, target } = entry;
    const { url, host } = target;
    const { respect_robots, user_agent, skip_tls_verification } = job.options;
    const page: PageRequest = {
      ...request,
      url,
      payer: job.account_id,
      userAgent: user_agent ?? USER_AGENT,
      skipTlsVerification: skip_tls_verification,
      ...(respect_robots ? { onRedirect: async (next) => void (await this.#allowedBy(job, next)) } : {}),
    };
    const fetched = await this.#egress.fetch(page, this.#routingOf(entry)).catch(rethrowBusy);
    // Before the place is given back, so that the next to take it knows.
    this.#rest({ accountId: job.account_id, host }, fetched);
    return fetched;
  }

  async #visit<T extends FetchedPage>(
    entry: Entry,
    way: Way<T>,
    timeoutMs: number,
  ): Promise<Routed<T> | null> {
    const { job, target } = entry;
    const { host } = target;
    const mayVisit = async (url: string) => {
      if (job.options.respect_robots) await this.#allowedBy(job, url);
    };
    const { result, via } = await this.#egress.carry(this.#routingOf(entry), {
      site: host,
      timeoutMs,
      fetch: async (proxy, leftMs) => await way({ mayVisit, via: proxy, timeoutMs: leftMs }),
    });
    if (result === null) return null;
    const visited = { ...result, via };
    this.#rest({ accountId: job.account_id, host }, visited);
    return visited;
  }

  #routingOf({ job, target, throughPool = false }: Entry): Routing {
    const route: Route = throughPool ? { kind: 'pool' } : this.#routeOf(job);
    return { route, stickiness: `${job.id} ${target.host}` };
  }

  #rest(visitor: Visitor, fetched: RoutedPage): void {
    if (PAUSE_STATUSES.has(fetched.status) && fetched.via !== 'caller')
      this.resting.restAccount(visitor, firstPause(retryAfterSeconds(fetched)));
  }

  /**
   * The robots.txt that allows the URL. Throws what kept it from being read, which would keep the
   * page from being read too.
   */
  async #allowedBy(job: JobInfo, url: string): Promise<Robots> {
    const robots = await this.#robotsOf(job, url);
    if (robots.allows(url)) return robots;
    if (robots.unreached !== undefined) rethrowBusy(robots.unreached);
    throw robots.againInSeconds === undefined
      ? new PageError('robots')
      : new RobotsUnavailableError(robots.againInSeconds);
  }
}

/** Takes a busy address for a busy host. */
function rethrowBusy(error: unknown): never {
  throw error instanceof AddressBusyError ? new HostBusyError(error.seconds) : error;
}
