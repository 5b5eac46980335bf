import { setTimeout as sleep } from 'node:timers/promises';
import { isGone } from '../../changes/page-change.ts';
import { EgressError, isRetryable, type Egress } from '../../egress/index.ts';
import type { CrawlOptions, MapOptions } from '../../jobs/options.ts';
import type { PageResult } from '../../jobs/progress/settle.ts';
import { loggableUrl, type Log } from '../../log.ts';
import { isRefusal, type BlockVerdict } from '../../scrape/block/index.ts';
import { immediateRefresh } from '../../scrape/decode/refresh.ts';
import { isReadable } from '../../scrape/decode/content-kind.ts';
import { urlFault } from '../../scrape/page-url.ts';
import { PageError, type PageErrorCode } from '../../scrape/types.ts';
import { PAUSE_STATUSES, retryAfterSeconds, TRANSIENT_STATUSES } from '../hosts/answer.ts';
import { firstPause, HostClockError } from '../hosts/clock.ts';
import { HostBusyError, RobotsUnavailableError, type HostPlace, type Hosts } from '../hosts/hosts.ts';
import { HostRefusesError } from '../hosts/refusals.ts';
import type { BodyMemoryBudget, BodyReservation } from '../limits/body-memory.ts';
import type { Load } from '../limits/load.ts';
import type { JobInfo, PendingPage, Visit } from '../job.ts';
import type { ReadingClient } from '../reading/reading-client.ts';
import type { PageReading } from '../reading/page-reading.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';
import { cookiesFor } from './cookies.ts';
import { filesOf, NO_FILES, type VisitFiles } from './files.ts';
import { headersFor } from './headers.ts';
import { mapSite, withUrls } from './map.ts';
import type { Renders } from './renders.ts';
import { endedResult, okResult } from './result.ts';
import { sitemapLinks } from './sitemaps.ts';
import { comparedPage, compareRequest, conditionsFor, notModifiedResult } from './watch.ts';

/** Seconds before each further try of a page that failed in passing. */
const RETRY_DELAYS = [1, 2, 4];
const SYNC_RETRY_MS = 250;
/** Of a busy machine, for writing and storing the URLs of a map. */
const WRITE_MS_PER_URL = 0.03;
/** The least time for the start page of a map, however long it was queued. */
const MIN_MAP_FETCH_MS = 1000;
/** The least time in which a page is rendered that was fetched before. */
const MIN_RENDER_MS = 1000;

const REMEDY = 'The operator may open its network with ALLOW_PRIVATE_TARGETS.';

/** What a visit needs from its thread. */
export interface Surroundings {
  egress: Egress;
  hosts: Hosts;
  load: Load;
  bodies: BodyMemoryBudget;
  readers: ReadingClient;
  /** The browser; null where there is none. */
  renders: Renders | null;
  log: Log;
}

/**
 * A page that is to be visited again in `after` seconds. `retry`: it failed, and that counts as a
 * try.
 */
export interface Deferral {
  ordinal: number;
  host: string;
  after: number;
  retry: boolean;
}

export type PageOutcome =
  | {
      settled: PageResult;
      /** The browser's place, which bounds the memory of files: to be given back once they are stored. */
      held?: Disposable;
    }
  | { deferred: Deferral };

/** A page that was fetched or rendered, and read. */
interface Found {
  fetched: RoutedPage;
  reading: PageReading;
  rendered: boolean;
  files: VisitFiles;
}

/** An answer that says that the page is as it is known. */
interface NotModified {
  notModified: RoutedPage;
}

interface VisitOptions extends Visit {
  /** A caller waits for the answer: a transient failure is retried at once, and once only. */
  sync: boolean;
}

/** One visit to one page, from its fetch to its result. */
export class PageVisit implements Visit {
  readonly job: JobInfo;
  readonly page: PendingPage;
  readonly signal: AbortSignal;
  readonly #around: Surroundings;
  readonly #sync: boolean;
  readonly #startedAt = performance.now();
  #begunAt = performance.now();
  #fetchedAt = new Date();
  #fetched: RoutedPage | null = null;
  #rendered = false;
  #files = NO_FILES;
  readonly #held = new DisposableStack();
  /** Whether the site may answer that nothing has changed. */
  #isConditional = false;

  constructor(around: Surroundings, { job, page, sync, signal }: VisitOptions) {
    this.#around = around;
    this.job = job;
    this.page = page;
    this.#sync = sync;
    this.signal = signal;
  }

  /**
   * Fetches or renders the page, and reads it. Every failure of the page is an outcome; what it
   * throws is a failure of ours.
   */
  async run(): Promise<PageOutcome> {
    using held = this.#held;
    const outcome = await this.#visit();
    const hasFiles = 'settled' in outcome && (outcome.settled.files ?? []).length > 0;
    return hasFiles ? { ...outcome, held: held.move() } : outcome;
  }

  async #visit(): Promise<PageOutcome> {
    if (urlFault(this.page.url) !== null) return this.#end('failed', 'invalid_url');
    try {
      const found = this.job.options.render === true ? await this.#render() : await this.#fetchOrRender();
      if ('reading' in found) return await this.#conclude(found);
      return 'notModified' in found ? await this.#concludeUnchanged(found.notModified) : found;
    } catch (error) {
      return this.#afterError(error);
    }
  }

  async #fetchOrRender(): Promise<Found | NotModified | PageOutcome> {
    const plain = await this.#obtain(async (place, body) => await this.#fetch(place, body));
    const { renders, log } = this.#around;
    if (!('reading' in plain) || !plain.reading.needsBrowser || renders === null) return plain;
    try {
      const rendered = await this.#render();
      return 'reading' in rendered ? rendered : plain;
    } catch (error) {
      if (this.signal.aborted) throw error;
      log.debug({ job_id: this.job.id, ordinal: this.page.ordinal, err: error }, 'page stays as fetched');
      this.#fetched = plain.fetched;
      return plain;
    }
  }

  async #render(): Promise<Found | NotModified | PageOutcome> {
    const { renders, load } = this.#around;
    const { job, signal } = this;
    if (renders === null) throw new PageError('render_failed', { cause: 'this process has no browser' });
    using place = new DisposableStack();
    place.use(await load.park(job.account_id, renders.enter(job.account_id, signal)));
    const passedMs = this.#fetched === null ? 0 : performance.now() - this.#begunAt;
    const timeoutMs = Math.max(MIN_RENDER_MS, job.options.timeout_ms - passedMs);
    const found = await this.#obtain(async (host, body) => {
      if (this.#fetched === null) this.#begin();
      const { url } = this.page;
      const rendered = await host.visit(
        async (rules) => await renders.render({ job, url, signal, rules }),
        timeoutMs,
      );
      if (rendered === null) return await this.#fetch(host, body);
      await body.need(rendered.body.length);
      this.#fetched = rendered;
      this.#rendered = true;
      this.#files = filesOf(job, this.page, rendered.files);
      return rendered;
    });
    if (this.#files.stored.length > 0) this.#held.use(place.move());
    return found;
  }

  /** Gets the page in one of the two ways, and reads it. An outcome where that is not to be. */
  async #obtain(
    get: (place: HostPlace, body: BodyReservation) => Promise<RoutedPage>,
  ): Promise<Found | NotModified | PageOutcome> {
    using place = await this.#enterHost();
    using _ = await this.#around.load.enter(this.job.account_id);
    using body = this.#around.bodies.reserve(this.job.account_id);
    const fetched = await get(place, body);
    if (fetched.status === 304 && this.#isConditional) return { notModified: fetched };
    const early = await this.#readEarly(fetched);
    if (early === null || early instanceof PageError || !isRefusal(early.block)) {
      const again = await this.#afterAnswer(fetched);
      if (again !== null) return this.#defer(again, true);
    }
    if (
      this.job.crawl &&
      this.page.depth > 0 &&
      !this.job.crawl.scope.at(this.page.url).sameSite(fetched.url)
    )
      return this.#end('skipped', 'out_of_scope');
    if (early instanceof PageError) throw early;
    const reading = early ?? (await this.#read(fetched));
    return { fetched, reading, rendered: this.#rendered, files: this.#files };
  }

  async #enterHost(): Promise<HostPlace> {
    const { job, page, signal } = this;
    return await this.#around.hosts.enter({ job, target: page, signal, sync: this.#sync });
  }

  /** The result of a page that was read, with the links of a crawl. */
  async #conclude({ fetched, reading, rendered, files }: Found): Promise<PageOutcome> {
    this.#around.hosts.refusing.record(this.job.id, this.page.host, reading.block);
    if (this.job.map) return await this.#map(this.job.map, { fetched, reading, rendered, files });
    const { page } = this;
    const compared = comparedPage({ page, fetched, reading, rendered });
    const { links, incomplete } = await this.#links(fetched.url, this.#linksOf(fetched, reading));
    if (this.job.crawl && (this.job.options as CrawlOptions).respect_noindex && reading.noindex) {
      const { settled } = this.#end('skipped', 'robots');
      return { settled: { ...settled, links, incomplete } };
    }
    const surcharge = rendered ? this.job.options.rendering!.credits - 1 : 0;
    const facts = { page, fetched, reading, links, fetchedAt: this.#fetchedAt, surcharge };
    return { settled: okResult({ ...facts, files: files.stored, compared, incomplete }) };
  }

  /** The result of a page that is as it is known: its links are followed as they were. */
  async #concludeUnchanged(fetched: RoutedPage): Promise<PageOutcome> {
    const { page } = this;
    const { links, incomplete } = await this.#links(fetched.url, page.known?.links ?? []);
    const settled = notModifiedResult(page, fetched, { links, fetchedAt: this.#fetchedAt });
    return { settled: { ...settled, incomplete } };
  }

  /** Of a page that came without its content, the links that it had are followed too. */
  #linksOf({ status }: RoutedPage, { links, compared }: PageReading): string[] {
    const { known } = this.page;
    if (compared !== null || known === null || isGone('ok', status)) return links;
    return [...new Set([...links, ...(known.links ?? [])])];
  }

  /** The result of a map: the block of its start page, with the URLs of the site. */
  async #map(options: MapOptions, { fetched, reading }: Found): Promise<PageOutcome> {
    const { hosts, bodies } = this.#around;
    const leftMs = this.#mapLeftMs(options);
    const map = await mapSite(this, { hosts, bodies }, { options, start: fetched.url, reading, leftMs });
    // Of a start page that ended early, links may be missing.
    const complete = map.complete && !fetched.truncated;
    const fragment = await withUrls(reading.fragment, { ...map, complete });
    const facts = { page: this.page, fetched, reading: { ...reading, fragment } };
    const plain = { links: null, fetchedAt: this.#fetchedAt, surcharge: 0, files: [] };
    return { settled: okResult({ ...facts, ...plain }) };
  }

  /**
   * What is left of the time of a map. Where a caller waits for it, the time counts from its job's
   * creation: the caller does not know how long it was queued. What it takes to write the URLs down
   * is kept back.
   */
  #mapLeftMs({ timeout_ms, max_urls }: MapOptions): number {
    const waitedMs = this.#sync ? this.page.waited_ms : 0;
    const passedMs = waitedMs + performance.now() - this.#startedAt;
    return timeout_ms - passedMs - max_urls * WRITE_MS_PER_URL;
  }

  #begin(): void {
    this.#begunAt = performance.now();
    this.#fetchedAt = new Date();
  }

  async #fetch(place: HostPlace, memory: BodyReservation): Promise<RoutedPage> {
    const { map, options } = this.job;
    const timeout_ms = map ? Math.max(MIN_MAP_FETCH_MS, this.#mapLeftMs(map)) : options.timeout_ms;
    const conditions = conditionsFor(this.job, this.page);
    this.#isConditional = Object.keys(conditions).length > 0;
    const headers = { ...headersFor(this.job, this.page.url), ...conditions };
    const { signal } = this;
    const request = {
      headers,
      cookies: cookiesFor(this.job, this.page.url),
      timeoutMs: timeout_ms,
      memory,
      signal,
      accept: isReadable,
      refresh: immediateRefresh,
    };
    this.#begin();
    this.#fetched = await place.fetch(request);
    const inTime = performance.now() - this.#begunAt < timeout_ms / 2;
    if (this.#sync && TRANSIENT_STATUSES.has(this.#fetched.status) && inTime) {
      await sleep(SYNC_RETRY_MS);
      using again = await this.#enterHost();
      this.#fetched = await again.fetch(request);
    }
    return this.#fetched;
  }

  /**
   * Keeps the host's back-off. Returns the seconds until the next try of a transient answer, or
   * null to take the answer.
   */
  async #afterAnswer(fetched: RoutedPage): Promise<number | null> {
    const { page } = this;
    const { clock, resting } = this.#around.hosts;
    const mayRetry = !this.#sync && page.tries < RETRY_DELAYS.length;
    const visitor = { accountId: this.job.account_id, host: page.host };
    if (fetched.via === 'caller') {
      // Its word binds nobody else.
      if (!TRANSIENT_STATUSES.has(fetched.status)) return null;
      const pause = firstPause(retryAfterSeconds(fetched));
      resting.restAccount(visitor, pause);
      return mayRetry ? pause : null;
    }
    if (PAUSE_STATUSES.has(fetched.status)) {
      const pause = await clock.backOff(visitor, fetched.status, retryAfterSeconds(fetched));
      resting.rest(visitor, pause);
      return mayRetry ? pause : null;
    }
    if (TRANSIENT_STATUSES.has(fetched.status)) return mayRetry ? RETRY_DELAYS[page.tries]! : null;
    if (page.tries > 0) await clock.endBackOff(page.host);
    return null;
  }

  /**
   * Reads a page that another try may change, to see whether it is a block page: then none will.
   * Returns what came of it, since a body can be read once only; null for every other page.
   */
  async #readEarly(fetched: RoutedPage): Promise<PageReading | PageError | null> {
    if (!TRANSIENT_STATUSES.has(fetched.status)) return null;
    try {
      return await this.#read(fetched);
    } catch (error) {
      if (error instanceof PageError) return error;
      throw error;
    }
  }

  async #read(fetched: RoutedPage): Promise<PageReading> {
    const { job, page, signal } = this;
    const request = {
      jobId: job.id,
      url: page.url,
      depth: page.depth,
      page: {
        url: fetched.url,
        status: fetched.status,
        headers: fetched.headers,
        hops: fetched.hops,
        contentType: fetched.contentType,
        robotsTags: fetched.robotsTags,
        truncated: fetched.truncated,
        rendered: this.#rendered,
        via: fetched.via,
        files: this.#files.shown,
        body: fetched.body,
      },
      options: job.options,
      isCrawl: job.crawl !== null,
      isMap: job.map !== null,
      fetchedAt: this.#fetchedAt,
      fetchMs: performance.now() - this.#begunAt,
      compare: await compareRequest(job, page),
    };
    return await this.#around.readers.read(job.account_id, request, signal);
  }

  /**
   * The links of the page and, of a crawl's seed, of the sitemaps; null where the job is no crawl.
   * `incomplete`: not all sitemaps could be read.
   */
  async #links(address: string, links: string[]): Promise<{ links: string[] | null; incomplete: boolean }> {
    if (!this.job.crawl) return { links: null, incomplete: false };
    if (this.page.depth > 0 || (this.job.options as CrawlOptions).sitemap === 'skip')
      return { links, incomplete: false };
    const listed = await sitemapLinks(this, this.#around.hosts, address);
    return { links: [...new Set([...links, ...listed.links])], incomplete: !listed.complete };
  }

  #afterError(error: unknown): PageOutcome {
    if (error instanceof HostClockError) throw error;
    if (this.signal.aborted) return this.#defer(0, false);
    if (error instanceof HostBusyError) return this.#defer(error.seconds, false);
    const again = this.#sync ? null : secondsUntilRetry(error, this.page.tries);
    if (again !== null) return this.#defer(again, true);
    const code = pageErrorCode(error);
    this.#log(code, error);
    const more = {
      detail: detailOf(error),
      block: error instanceof HostRefusesError ? error.verdict : null,
    };
    return this.#end(this.#isSkipped(code) ? 'skipped' : 'failed', code, more);
  }

  /** A link of a crawl to a file that no text can be made of is no page that failed. */
  #isSkipped(code: PageErrorCode): boolean {
    const isFile = this.job.crawl !== null && this.page.depth > 0 && code === 'unsupported_content_type';
    return code === 'robots' || isFile;
  }

  #log(code: PageErrorCode, error: unknown): void {
    const { job, page } = this;
    const facts = {
      request_id: job.request_id,
      job_id: job.id,
      ordinal: page.ordinal,
      url: loggableUrl(page.url),
      code,
      err: error,
    };
    this.#around.log[code === 'internal_error' ? 'error' : 'debug'](facts, 'page failed');
  }

  #defer(after: number, retry: boolean): { deferred: Deferral } {
    return { deferred: { ordinal: this.page.ordinal, host: this.page.host, after, retry } };
  }

  #end(
    status: 'failed' | 'skipped',
    code: PageErrorCode,
    { detail, block }: { detail: string | null; block: BlockVerdict | null } = { detail: null, block: null },
  ): { settled: PageResult } {
    const durationMs = Math.round(performance.now() - this.#begunAt);
    const ended = { page: this.page, status, code, detail, block, fetched: this.#fetched };
    const settled = endedResult({ ...ended, fetchedAt: this.#fetchedAt, durationMs });
    // What a crawl has found before is looked for, though the page did not come this time.
    const links = this.job.crawl && status === 'failed' ? (this.page.known?.links ?? null) : null;
    return { settled: { ...settled, links } };
  }
}

/** The seconds until the next try of a page that failed so, or null where there is none. */
function secondsUntilRetry(error: unknown, tries: number): number | null {
  const delay = RETRY_DELAYS[tries];
  if (delay === undefined) return null;
  if (error instanceof RobotsUnavailableError) return Math.max(delay, error.seconds);
  return isRetryable(error) ? delay : null;
}

/** What is known of the fault beyond its code, as a sentence. */
function detailOf(error: unknown): string | null {
  if (!(error instanceof EgressError) || error.detail === null) return null;
  return error.detail === 'address_not_public' ? `${error.message} ${REMEDY}` : error.message;
}

function pageErrorCode(error: unknown): PageErrorCode {
  if (error instanceof PageError) return error.code;
  if (!(error instanceof EgressError)) return 'internal_error';
  return error.code === 'body_failed' ? 'internal_error' : error.code;
}
