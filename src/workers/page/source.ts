import { setTimeout as sleep } from 'node:timers/promises';
import { isReadable } from '../../scrape/decode/content-kind.ts';
import { immediateRefresh } from '../../scrape/decode/refresh.ts';
import { PageError } from '../../scrape/types.ts';
import { TRANSIENT_STATUSES } from '../hosts/answer.ts';
import type { HostPlace } from '../hosts/place.ts';
import type { BodyReservation } from '../limits/body-memory.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';
import { cookiesFor } from './cookies.ts';
import type { Answer } from './conclude/result.ts';
import { filesOf, NO_FILES, type VisitFiles } from './files.ts';
import { headersFor } from './headers.ts';
import { mapLeftMs, type BegunVisit } from './map-time.ts';
import type { Renders } from './renders.ts';
import type { Surroundings } from './surroundings.ts';
import { conditionsFor } from './watch.ts';

const SYNC_RETRY_MS = 250;
/** The least time for the start page of a map, however long it was queued. */
const MIN_MAP_FETCH_MS = 1000;
/** The least time for rendering a page that was fetched before. */
const MIN_RENDER_MS = 1000;
/** The least time in which a page is asked for again. */
const MIN_AGAIN_MS = 100;

/** A way to the page: in the browser, and through the pool of proxies. */
export interface Way {
  inBrowser: boolean;
  throughPool: boolean;
}

/** A page as it came, and how. */
export interface Obtained {
  fetched: RoutedPage;
  rendered: boolean;
  files: VisitFiles;
}

/** Asks a page's host for it, by a fetch or in a browser, and knows the last answer. */
export class PageSource implements Answer {
  readonly #around: Surroundings;
  readonly #visit: BegunVisit;
  #begunAt = performance.now();
  /** What the page has waited for others since then. */
  #waitedMs = 0;
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

  get durationMs(): number {
    return Math.round(this.#spentMs);
  }

  /** The page's own time, in ms: the waits for others do not count. */
  get #spentMs(): number {
    return performance.now() - this.#begunAt - this.#waitedMs;
  }

  /** Notes that the page has waited for others. */
  waited(ms: number): void {
    this.#waitedMs += ms;
  }

  /** Whether the last answer says that nothing has changed, and was asked to. */
  get isUnchanged(): boolean {
    return this.#fetched?.status === 304 && this.#isConditional;
  }

  /** Whether there is time to ask for the page another time. */
  get hasTime(): boolean {
    return this.#leftMs() >= MIN_AGAIN_MS;
  }

  /** Whether the block that was read is large, and so keeps its room until it is stored. */
  get keepsRoom(): boolean {
    return (this.#room?.amount ?? 0) > 0;
  }

  /** Gives back the room of the body but for this many bytes. */
  shrinkRoom(bytes: number): void {
    this.#room?.shrink(bytes);
  }

  /** Makes an answer the last one again. */
  keep({ fetched, rendered, files }: Obtained): void {
    this.#fetched = fetched;
    this.#rendered = rendered;
    this.#files = files;
  }

  /** Gets the page, and has `use` look at it while the visit still has its place at the host. */
  async get<T>(way: Way, use: (page: Obtained) => Promise<T>): Promise<T> {
    const { job } = this.#visit;
    try {
      using place = await this.#enterHost(way);
      using _ = await this.#around.load.enter(job.account_id);
      if (!way.inBrowser) this.#around.plainPages.begin();
      // An answer before this one gives way: both might not fit.
      this.#room?.[Symbol.dispose]();
      const reservation = this.#around.bodies.reserve(job.account_id, (ms) => this.waited(ms));
      const room = (this.#room = this.held.use(reservation));
      const fetched = way.inBrowser ? await this.#render(place, room) : await this.#fetch(place, room);
      return await use({ fetched, rendered: this.#rendered, files: this.#files });
    } finally {
      this.#leaveBrowser();
    }
  }

  /**
   * Enters the host, and the browser where the page needs that. The place in the browser comes
   * after the host's turn, so that no page holds one while it waits for that, and before the host's
   * place, which others wait for. The line comes first of all: few pages then wait for the browser
   * after their turn, and so visit the host right after each other.
   */
  async #enterHost({ inBrowser, throughPool }: Way): Promise<HostPlace> {
    const { job, page, signal, sync } = this.#visit;
    const { hosts, load } = this.#around;
    const entry = { job, target: page, signal, sync, throughPool };
    if (!inBrowser || this.#browser !== null) return await hosts.enter(entry);
    const renders = this.#renders;
    const browser = (this.#browser = this.held.use(new DisposableStack()));
    browser.use(await load.park(job.account_id, renders.join(job.account_id, signal)));
    const afterTurn = async () => void browser.use(await load.park(job.account_id, renders.enter(signal)));
    return await hosts.enter({ ...entry, afterTurn });
  }

  get #renders(): Renders {
    const { renders } = this.#around;
    if (renders === null) throw new PageError('render_failed', { cause: 'this process has no browser' });
    return renders;
  }

  /** Gives the browser's place back, unless there are files: see `held`. */
  #leaveBrowser(): void {
    if (this.#files.stored.length > 0) return;
    this.#browser?.dispose();
    this.#browser = null;
  }

  async #render(place: HostPlace, room: BodyReservation): Promise<RoutedPage> {
    const { job, page, signal } = this.#visit;
    this.#begin();
    const timeoutMs = Math.max(MIN_RENDER_MS, this.#leftMs());
    const rendered = await place.visit(
      async (rules) => await this.#renders.render({ job, url: page.url, signal, rules }),
      timeoutMs,
    );
    if (rendered !== null) {
      await room.need(rendered.body.length);
      this.#fetched = rendered;
    }
    this.#rendered = rendered !== null;
    this.#files = rendered === null ? NO_FILES : filesOf(job, page, rendered.files);
    // Another page may be rendered while this one is read.
    this.#leaveBrowser();
    return rendered ?? (await this.#fetch(place, room));
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
    const inTime = this.#spentMs < timeoutMs / 2;
    if (sync && TRANSIENT_STATUSES.has(this.#fetched.status) && inTime) {
      place[Symbol.dispose]();
      await sleep(SYNC_RETRY_MS);
      using again = await this.#enterHost({ inBrowser: false, throughPool: false });
      this.#fetched = await again.fetch(request);
    }
    return this.#fetched;
  }

  /** Notes when the page is first asked for. */
  #begin(): void {
    if (this.#fetched !== null) return;
    this.#begunAt = performance.now();
    this.#fetchedAt = new Date();
  }

  /** What is left of the page's time. */
  #leftMs(): number {
    return Math.ceil(this.#visit.job.options.timeout_ms - this.#spentMs);
  }
}
