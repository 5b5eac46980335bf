import { setTimeout as sleep } from 'node:timers/promises';
import { isRefusal } from '../../scrape/block/index.ts';
import { isReadable } from '../../scrape/decode/content-kind.ts';
import { immediateRefresh } from '../../scrape/decode/refresh.ts';
import { PageError } from '../../scrape/types.ts';
import { TRANSIENT_STATUSES } from '../hosts/answer.ts';
import type { HostPlace } from '../hosts/place.ts';
import type { BodyReservation } from '../limits/body-memory.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';
import type { PageReading } from '../reading/page-reading.ts';
import { cookiesFor } from './cookies.ts';
import { filesOf, NO_FILES, type VisitFiles } from './files.ts';
import { headersFor } from './headers.ts';
import { mapLeftMs, type BegunVisit } from './map-time.ts';
import type { Answer, Ending } from './conclude/result.ts';
import type { Renders } from './renders.ts';
import { secondsAfterAnswer } from './retries.ts';
import type { Surroundings } from './surroundings.ts';
import { compareRequest, conditionsFor } from './watch.ts';

const SYNC_RETRY_MS = 250;
/** The least time for the start page of a map, however long it was queued. */
const MIN_MAP_FETCH_MS = 1000;
/** The least time for rendering a page that was fetched before. */
const MIN_RENDER_MS = 1000;

/** A block of this size counts as long as it waits to be stored. */
const LARGE_BLOCK_BYTES = 1024 * 1024;

/** The least time in which a page is asked for again. */
const MIN_AGAIN_MS = 100;

/** How a host is entered: with a place in the browser, and through the pool of proxies. */
interface HostEntry {
  renders: Renders | null;
  throughPool?: boolean;
}

/** How a page is got, at a place at its host. */
type Way = (place: HostPlace, body: BodyReservation) => Promise<RoutedPage>;

/** A page that was fetched or rendered, and read. */
export interface Found {
  fetched: RoutedPage;
  reading: PageReading;
  rendered: boolean;
  files: VisitFiles;
}

/**
 * What came of a request for a page. `notModified`: the answer that says that the page is as it is
 * known. `againIn`: the seconds until a try that may have a better answer. `ending`: it is not
 * read.
 */
type Retrieved = Found | { notModified: RoutedPage } | { againIn: number } | { ending: Ending };

/** Gets a page, by a fetch or in a browser, and reads it. */
export class Retrieval implements Answer {
  readonly #around: Surroundings;
  readonly #visit: BegunVisit;
  #begunAt = performance.now();
  #fetchedAt = new Date();
  #fetched: RoutedPage | null = null;
  #rendered = false;
  #files = NO_FILES;
  /** Whether the site may answer that nothing has changed. */
  #isConditional = false;
  /**
   * What the visit holds: the room of a body, which a large block takes until it is stored, and the
   * browser's place where that has made files.
   */
  readonly held = new DisposableStack();
  /** The room of the body that was got last. */
  #room: BodyReservation | null = null;
  /** What the visit has of the browser now: its part of the line, and its place. */
  #browser: DisposableStack | null = null;

  constructor(around: Surroundings, visit: BegunVisit) {
    this.#around = around;
    this.#visit = visit;
  }

  get fetched(): RoutedPage | null {
    return this.#fetched;
  }

  get fetchedAt(): Date {
    return this.#fetchedAt;
  }

  /** Whether the block that was read is large, and so keeps its room until it is stored. */
  get keepsRoom(): boolean {
    return (this.#room?.amount ?? 0) > 0;
  }

  get durationMs(): number {
    return Math.round(performance.now() - this.#begunAt);
  }

  /** Gets the page as its job asks. Rejects with what kept it from being read. */
  async get(): Promise<Retrieved> {
    return this.#visit.job.options.render === true ? await this.#render() : await this.#fetchOrRender();
  }

  async #fetchOrRender(): Promise<Retrieved> {
    const plain = await this.#obtain(async (place, body) => await this.#fetch(place, body));
    if (!('reading' in plain) || !this.#needsBrowser(plain)) return plain;
    try {
      const rendered = await this.#render();
      if ('reading' in rendered) return rendered;
    } catch (error) {
      const { job, page, signal } = this.#visit;
      if (signal.aborted) throw error;
      this.#around.log.debug({ job_id: job.id, ordinal: page.ordinal, err: error }, 'page stays as fetched');
      this.#fetched = plain.fetched;
    }
    this.#record(plain);
    return plain;
  }

  #needsBrowser({ reading, rendered }: Found): boolean {
    return reading.needsBrowser && !rendered && this.#around.renders !== null;
  }

  async #render(): Promise<Retrieved> {
    const { renders } = this.#around;
    const { job, page, signal } = this.#visit;
    if (renders === null) throw new PageError('render_failed', { cause: 'this process has no browser' });
    const visit: Way = async (host, body) => {
      this.#begin();
      const timeoutMs = Math.max(MIN_RENDER_MS, this.#leftMs());
      const rendered = await host.visit(
        async (rules) => await renders.render({ job, url: page.url, signal, rules }),
        timeoutMs,
      );
      if (rendered !== null) {
        await body.need(rendered.body.length);
        this.#fetched = rendered;
      }
      this.#rendered = rendered !== null;
      this.#files = rendered === null ? NO_FILES : filesOf(job, page, rendered.files);
      // Another page may be rendered while this one is read.
      this.#leaveBrowser();
      return rendered ?? (await this.#fetch(host, body));
    };
    return await this.#obtain(visit, renders).finally(() => this.#leaveBrowser());
  }

  /** Gives the place back, unless there are files: see `held`. */
  #leaveBrowser(): void {
    if (this.#files.stored.length > 0) return;
    this.#browser?.dispose();
    this.#browser = null;
  }

  /**
   * Gets the page by `get`, and reads it. Where the body shows that the site turns the visitor
   * away, and the job may fall back on the pool, it tries the pool. The first answer stays where
   * that is no better.
   */
  async #obtain(get: Way, renders: Renders | null = null): Promise<Retrieved> {
    const direct = await this.#obtainOnce(get, { renders });
    if (!('reading' in direct) || !this.#mayFallBack(direct)) return direct;
    const { job, page, signal } = this.#visit;
    try {
      const other = await this.#obtainOnce(get, { renders, throughPool: true });
      if ('reading' in other && !isRefusal(other.reading.block)) return other;
    } catch (error) {
      if (signal.aborted) throw error;
      const facts = { job_id: job.id, ordinal: page.ordinal, err: error };
      this.#around.log.debug(facts, 'page stays as it came without a proxy');
      this.#record(direct);
    }
    this.#fetched = direct.fetched;
    this.#rendered = direct.rendered;
    this.#files = direct.files;
    return direct;
  }

  #mayFallBack({ fetched, reading }: Found): boolean {
    if (!isRefusal(reading.block) || this.#leftMs() < MIN_AGAIN_MS) return false;
    return this.#around.hosts.mayFallBack(this.#visit.job, fetched);
  }

  /** Enters the host, gets the page by `get`, and reads it. */
  async #obtainOnce(get: Way, entry: HostEntry): Promise<Retrieved> {
    const { job } = this.#visit;
    using place = await this.#enterHost(entry);
    using _ = await this.#around.load.enter(job.account_id);
    if (entry.renders === null) this.#around.plainPages.begin();
    // An answer before this one gives way: both might not fit.
    this.#room?.[Symbol.dispose]();
    this.#room = this.held.use(this.#around.bodies.reserve(job.account_id));
    const fetched = await get(place, this.#room);
    if (fetched.status === 304 && this.#isConditional) return { notModified: fetched };
    const early = await this.#readEarly(fetched);
    if (early === null || early instanceof PageError || !isRefusal(early.block)) {
      const againIn = await secondsAfterAnswer(this.#around.hosts, this.#visit, fetched);
      if (againIn !== null) return { againIn };
    }
    if (this.#leftSite(fetched.url)) return { ending: { status: 'skipped', code: 'out_of_scope' } };
    if (early instanceof PageError) throw early;
    const reading = early ?? (await this.#read(fetched));
    // What a map reads next wants room, too.
    this.#room.shrink(job.map ? 0 : largeBytes(reading.fragment));
    const found = { fetched, reading, rendered: this.#rendered, files: this.#files };
    if (!this.#mayFallBack(found) && !this.#needsBrowser(found)) this.#record(found);
    return found;
  }

  /**
   * Records whether the site refuses the job, by the last answer to a page: before its place is
   * given to the next page, where it can.
   */
  #record({ reading }: Found): void {
    const { job, page } = this.#visit;
    this.#around.hosts.refusing.record(job.id, page.host, reading.block);
  }

  /**
   * Enters the host, and the browser where the page needs that. The place in the browser comes after
   * the host's turn, so that no page holds one while it waits for that, and before the host's place,
   * which others wait for. The line comes first of all: few pages then wait for the browser after
   * their turn, and so visit the host right after each other.
   */
  async #enterHost({ renders, throughPool = false }: HostEntry): Promise<HostPlace> {
    const { job, page, signal, sync } = this.#visit;
    const { hosts, load } = this.#around;
    const entry = { job, target: page, signal, sync, throughPool };
    if (renders === null || this.#browser !== null) return await hosts.enter(entry);
    const browser = (this.#browser = this.held.use(new DisposableStack()));
    browser.use(await load.park(job.account_id, renders.join(job.account_id, signal)));
    const afterTurn = async () => void browser.use(await load.park(job.account_id, renders.enter(signal)));
    return await hosts.enter({ ...entry, afterTurn });
  }

  /** Whether a link of a crawl was redirected to another site. */
  #leftSite(url: string): boolean {
    const { job, page } = this.#visit;
    return job.crawl !== null && page.depth > 0 && !job.crawl.scope.at(page.url).sameSite(url);
  }

  /** Notes when the page is first asked for. */
  #begin(): void {
    if (this.#fetched !== null) return;
    this.#begunAt = performance.now();
    this.#fetchedAt = new Date();
  }

  /** What is left of the page's time. */
  #leftMs(): number {
    return Math.ceil(this.#visit.job.options.timeout_ms - (performance.now() - this.#begunAt));
  }

  async #fetch(place: HostPlace, memory: BodyReservation): Promise<RoutedPage> {
    const { job, page, signal, sync } = this.#visit;
    this.#begin();
    const timeoutMs = job.map
      ? Math.max(MIN_MAP_FETCH_MS, mapLeftMs(this.#visit, job.map))
      : Math.max(MIN_AGAIN_MS, this.#leftMs());
    const conditions = conditionsFor(job, page);
    this.#isConditional = Object.keys(conditions).length > 0;
    const request = {
      headers: { ...headersFor(job, page.url), ...conditions },
      cookies: cookiesFor(job, page.url),
      timeoutMs,
      memory,
      signal,
      accept: isReadable,
      refresh: immediateRefresh,
    };
    this.#fetched = await place.fetch(request);
    const inTime = performance.now() - this.#begunAt < timeoutMs / 2;
    if (sync && TRANSIENT_STATUSES.has(this.#fetched.status) && inTime) {
      place[Symbol.dispose]();
      await sleep(SYNC_RETRY_MS);
      using again = await this.#enterHost({ renders: null });
      this.#fetched = await again.fetch(request);
    }
    return this.#fetched;
  }

  /**
   * Reads a page whose status another try may change, to see whether it is a block page, which no
   * try changes. Returns the outcome, since a body can be read only once; null for other statuses.
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
    const { job, page, signal } = this.#visit;
    const { url, status, headers, hops, contentType, robotsTags, truncated, via, body } = fetched;
    const answer = { url, status, headers, hops, contentType, robotsTags, truncated, via, body };
    const request = {
      jobId: job.id,
      url: page.url,
      depth: page.depth,
      page: { ...answer, rendered: this.#rendered, files: this.#files.shown },
      options: job.options,
      isCrawl: job.crawl !== null,
      isMap: job.map !== null,
      fetchedAt: this.#fetchedAt,
      fetchMs: performance.now() - this.#begunAt,
      compare: await compareRequest(job, page),
    };
    return await this.#around.readers.read(job.account_id, request, signal);
  }
}

function largeBytes({ length }: Uint8Array): number {
  return length < LARGE_BLOCK_BYTES ? 0 : length;
}
