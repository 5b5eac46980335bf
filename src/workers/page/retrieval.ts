import { isRefusal } from '../../scrape/block/index.ts';
import { PageError } from '../../scrape/types.ts';
import { TRANSIENT_STATUSES } from '../hosts/answer.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';
import type { PageReading } from '../reading/page-reading.ts';
import type { BegunVisit } from './map-time.ts';
import type { Ending } from './conclude/result.ts';
import { secondsAfterAnswer } from './retries.ts';
import { PageSource, type Obtained, type Way } from './source.ts';
import type { Surroundings } from './surroundings.ts';
import { compareRequest } from './watch.ts';

/** A block of this size counts as long as it waits to be stored. */
const LARGE_BLOCK_BYTES = 1024 * 1024;

/** A page that was fetched or rendered, and read. */
export interface Found extends Obtained {
  reading: PageReading;
}

/**
 * What came of a request for a page. `notModified`: the answer that says that the page is as it is
 * known. `againIn`: the seconds until a try that may have a better answer. `ending`: it is not
 * read.
 */
type Retrieved = Found | { notModified: RoutedPage } | { againIn: number } | { ending: Ending };

/** Gets a page, by a fetch or in a browser, and reads it. */
export class Retrieval {
  readonly source: PageSource;
  readonly #around: Surroundings;
  readonly #visit: BegunVisit;

  constructor(around: Surroundings, visit: BegunVisit) {
    this.#around = around;
    this.#visit = visit;
    this.source = new PageSource(around, visit);
  }

  /** Gets the page as its job asks. Rejects with what kept it from being read. */
  async get(): Promise<Retrieved> {
    if (this.#visit.job.options.render === true) return await this.#obtain(true);
    const plain = await this.#obtain(false);
    if (!('reading' in plain) || !this.#needsBrowser(plain)) return plain;
    const rendered = await this.#unlessFails('page stays as fetched', () => this.#obtain(true));
    if (rendered !== null && 'reading' in rendered) return rendered;
    this.source.keep(plain);
    this.#record(plain);
    return plain;
  }

  #needsBrowser({ reading, rendered }: Found): boolean {
    return reading.needsBrowser && !rendered && this.#around.renders !== null;
  }

  /**
   * Gets the page and reads it. Where the body shows that the site turns the visitor away, and the
   * job may fall back on the pool, it tries the pool. The first answer stays where that is no
   * better.
   */
  async #obtain(inBrowser: boolean): Promise<Retrieved> {
    const direct = await this.#obtainOnce({ inBrowser, throughPool: false });
    if (!('reading' in direct) || !this.#mayFallBack(direct)) return direct;
    const other = await this.#unlessFails('page stays as it came without a proxy', async () => {
      return await this.#obtainOnce({ inBrowser, throughPool: true });
    });
    if (other === null) this.#record(direct);
    else if ('reading' in other && !isRefusal(other.reading.block)) return other;
    this.source.keep(direct);
    return direct;
  }

  /** Tries to better what was found. Null where that fails, other than by the end of the visit. */
  async #unlessFails<T>(message: string, better: () => Promise<T>): Promise<T | null> {
    const { job, page, signal } = this.#visit;
    try {
      return await better();
    } catch (error) {
      if (signal.aborted) throw error;
      this.#around.log.debug({ job_id: job.id, ordinal: page.ordinal, err: error }, message);
      return null;
    }
  }

  #mayFallBack({ fetched, reading }: Found): boolean {
    if (!isRefusal(reading.block) || !this.source.hasTime) return false;
    return this.#around.hosts.mayFallBack(this.#visit.job, fetched);
  }

  /** Gets the page by one way, and reads it while the visit has its place at the host. */
  async #obtainOnce(way: Way): Promise<Retrieved> {
    return await this.source.get(way, async (page) => await this.#look(page));
  }

  async #look({ fetched, ...way }: Obtained): Promise<Retrieved> {
    const { job } = this.#visit;
    if (this.source.isUnchanged) return { notModified: fetched };
    const early = await this.#readEarly({ fetched, ...way });
    if (early === null || early instanceof PageError || !isRefusal(early.block)) {
      const againIn = await secondsAfterAnswer(this.#around.hosts, this.#visit, fetched);
      if (againIn !== null) return { againIn };
    }
    if (this.#leftSite(fetched.url)) return { ending: { status: 'skipped', code: 'out_of_scope' } };
    if (early instanceof PageError) throw early;
    const reading = early ?? (await this.#read({ fetched, ...way }));
    // What a map reads next wants room, too.
    this.source.shrinkRoom(job.map ? 0 : largeBytes(reading.fragment));
    const found = { fetched, reading, ...way };
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

  /** Whether a link of a crawl was redirected to another site. */
  #leftSite(url: string): boolean {
    const { job, page } = this.#visit;
    return job.crawl !== null && page.depth > 0 && !job.crawl.scope.at(page.url).sameSite(url);
  }

  /**
   * Reads a page whose status another try may change, to see whether it is a block page, which no
   * try changes. Returns the outcome, since a body can be read only once; null for other statuses.
   */
  async #readEarly(page: Obtained): Promise<PageReading | PageError | null> {
    if (!TRANSIENT_STATUSES.has(page.fetched.status)) return null;
    try {
      return await this.#read(page);
    } catch (error) {
      if (error instanceof PageError) return error;
      throw error;
    }
  }

  async #read({ fetched, rendered, files }: Obtained): Promise<PageReading> {
    const { job, page, signal } = this.#visit;
    const { url, status, headers, hops, contentType, robotsTags, truncated, via, body } = fetched;
    const answer = { url, status, headers, hops, contentType, robotsTags, truncated, via, body };
    const request = {
      jobId: job.id,
      url: page.url,
      depth: page.depth,
      page: { ...answer, rendered, files: files.shown },
      options: job.options,
      isCrawl: job.crawl !== null,
      isMap: job.map !== null,
      fetchedAt: this.source.fetchedAt,
      fetchMs: this.source.durationMs,
      compare: await compareRequest(job, page),
    };
    const onWaited = (ms: number) => this.source.waited(ms);
    return await this.#around.readers.read(job.account_id, request, { signal, onWaited });
  }
}

function largeBytes({ length }: Uint8Array): number {
  return length < LARGE_BLOCK_BYTES ? 0 : length;
}
