import { setTimeout as sleep } from 'node:timers/promises';
import { collectSitemapUrls } from '../../../crawl/collect-sitemaps.ts';
import { normaliseUrl } from '../../../crawl/normalise.ts';
import { withinBudget } from '../../../crawl/scope.ts';
import { isRetryable, type BodyReader, type FetchedPage } from '../../../egress/index.ts';
import type { CrawlOptions } from '../../../jobs/options.ts';
import type { ReadSitemaps } from '../../../changes/known-pages.ts';
import { retryAfterSeconds, TRANSIENT_STATUSES } from '../../hosts/answer.ts';
import { HostClockError } from '../../hosts/clock.ts';
import { HostBusyError } from '../../hosts/errors.ts';
import type { Hosts, Target } from '../../hosts/hosts.ts';
import type { HostPlace } from '../../hosts/place.ts';
import type { Visit } from '../../job.ts';
import { cookiesFor } from '../cookies.ts';
import { headersFor } from '../headers.ts';

/**
 * Where to look for sitemaps that no robots.txt names: by convention, and where WordPress, its
 * plugins and generators of static sites put them.
 */
const USUAL_PLACES = ['/sitemap.xml', '/sitemap_index.xml', '/wp-sitemap.xml', '/sitemap-index.xml'];
const MAX_SITEMAPS = 200;
const SITEMAP_TIMEOUT_MS = 20_000;
const SITEMAP_BYTES = 50 * 1024 * 1024;
/** The most time for all sitemaps of one crawl. */
const SITEMAPS_BUDGET_MS = 60_000;
/** The most time for judging the URLs that the sitemaps list, which blocks the thread. */
const JUDGING_BUDGET_MS = 2000;
/**
 * The pause before a sitemap that failed in passing is fetched once more, where the host names
 * none.
 */
const RETRY_SECONDS = 1;

interface SitemapSearch {
  /** A URL of the site. */
  seed: string;
  /** The most pages to take. */
  maxUrls: number;
  /** The most time for all sitemaps. */
  budgetMs: number;
  /** Which pages in scope to take; all where it is missing. */
  accepts?: (url: string) => boolean;
}

/** What the sitemaps of a site list, and which of them could not be read. */
export interface SitemapPages extends ReadSitemaps {
  /** The pages, normalised, and when they last changed, where the sitemap says so. */
  lastmod: Map<string, string | undefined>;
}

/** The pages in scope that the sitemaps of the seed's site list, normalised, for a crawl. */
export async function sitemapLinks(
  visit: Visit,
  hosts: Hosts,
  seed: string,
): Promise<{ links: string[]; sitemaps: ReadSitemaps }> {
  const { max_pages } = visit.job.options as CrawlOptions;
  const { lastmod, ...sitemaps } = await sitemapPages(visit, hosts, {
    seed,
    // Some of what a sitemap lists is out of scope, or listed twice.
    maxUrls: Math.min(100_000, max_pages * 2),
    budgetMs: SITEMAPS_BUDGET_MS,
    accepts: (url) => url !== visit.page.url,
  });
  return { links: [...lastmod.keys()], sitemaps };
}

/** The pages in scope that the sitemaps of a site list. They are fetched as politely as pages. */
export async function sitemapPages(
  visit: Visit,
  hosts: Hosts,
  { seed, maxUrls, budgetMs, accepts = () => true }: SitemapSearch,
): Promise<SitemapPages> {
  const { ignore_query_parameters } = visit.job.options as CrawlOptions;
  const { origin } = new URL(seed);
  const scope = visit.job.crawl!.scope.at(seed);
  const inScope = withinBudget(scope, JUDGING_BUDGET_MS);
  const named = await hosts.sitemapsOf(visit.job, origin);
  const fetcher = new SitemapFetcher(visit, hosts, { vouched: named, budgetMs });
  const lastmods = new Map<string, string | undefined>();
  const collected = await collectSitemapUrls({
    roots: named.length > 0 ? named : USUAL_PLACES.map((path) => origin + path),
    maxSitemaps: MAX_SITEMAPS,
    maxUrls,
    inScope: (raw, lastmod) => {
      const url = normaliseUrl(raw, undefined, { ignore_query_parameters });
      if (url === null || !inScope(url, 1) || !accepts(url)) return false;
      lastmods.set(url, lastmods.get(url) ?? lastmod);
      return true;
    },
    sameSite: (url) => scope.sameSite(url),
    fetch: async (url, read) => await fetcher.fetch(url, read),
  });
  fetcher.throwFailure();
  // The start is in scope, unless the time for judging is used up.
  const allJudged = inScope(seed, 0) || inScope(visit.page.url, 0);
  const complete = fetcher.complete && allJudged && collected.complete;
  return { lastmod: lastmods, failed: fetcher.failed, complete };
}

/** Whether a sitemap was read, or certainly does not exist. */
function isThere({ status }: FetchedPage): boolean {
  return (status >= 200 && status < 300) || status === 404 || status === 410;
}

/**
 * Fetches the sitemaps of one crawl within the time for all of them. What was read of a sitemap
 * before it failed counts.
 */
class SitemapFetcher {
  readonly #visit: Visit;
  readonly #hosts: Hosts;
  readonly #vouched: Set<string>;
  readonly #deadline: number;
  /** Aborts with the visit, or when the time is used up. */
  readonly #signal: AbortSignal;
  #failure: HostClockError | null = null;
  readonly #failed: string[] = [];
  #complete = true;

  constructor(visit: Visit, hosts: Hosts, { vouched, budgetMs }: { vouched: string[]; budgetMs: number }) {
    this.#visit = visit;
    this.#hosts = hosts;
    this.#vouched = new Set(vouched);
    this.#deadline = performance.now() + budgetMs;
    this.#signal = AbortSignal.any([visit.signal, AbortSignal.timeout(Math.max(0, Math.ceil(budgetMs)))]);
  }

  /** The sitemaps of which nothing came. */
  get failed(): string[] {
    return this.#failed;
  }

  /** Whether no sitemap came in part, and none was left out for want of time. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Throws errors that are no fault of the sitemaps. */
  throwFailure(): void {
    this.#visit.signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  async fetch(url: string, read: BodyReader): Promise<FetchedPage> {
    let hasBegun = false;
    try {
      const fetched = await this.#fetchTwice(url, async (body) => {
        hasBegun = true;
        await read(body);
      });
      if (fetched.truncated) this.#complete = false;
      else if (!isThere(fetched) && (!this.#isGuess(url) || TRANSIENT_STATUSES.has(fetched.status)))
        this.#failed.push(url);
      return fetched;
    } catch (error) {
      if (hasBegun || this.#leftMs <= 0) this.#complete = false;
      else this.#failed.push(url);
      throw error;
    }
  }

  async #fetchTwice(url: string, read: BodyReader): Promise<FetchedPage> {
    const target = { url, host: new URL(url).host };
    let pause: number | null;
    try {
      const fetched = await this.#fetchOnce(target, read);
      if (!TRANSIENT_STATUSES.has(fetched.status)) return fetched;
      pause = retryAfterSeconds(fetched);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      pause = null;
    }
    await this.#sleep(pause ?? RETRY_SECONDS);
    return await this.#fetchOnce(target, read);
  }

  async #fetchOnce(target: Target, read: BodyReader): Promise<FetchedPage> {
    const { job } = this.#visit;
    using place = await this.#enter(target);
    return await place.fetch({
      headers: headersFor(job, target.url),
      cookies: cookiesFor(job, target.url),
      timeoutMs: Math.min(SITEMAP_TIMEOUT_MS, Math.max(1, this.#leftMs)),
      maxBytes: SITEMAP_BYTES,
      read,
      signal: this.#signal,
    });
  }

  /** Whether the sitemap's address is a guess: then any refusal means that there is none. */
  #isGuess(url: string): boolean {
    return this.#vouched.size === 0 && USUAL_PLACES.includes(new URL(url).pathname);
  }

  get #leftMs(): number {
    return this.#deadline - performance.now();
  }

  async #enter(target: Target): Promise<HostPlace> {
    const { job } = this.#visit;
    const signal = this.#signal;
    const vouched = this.#vouched.has(target.url);
    for (;;) {
      this.#checkTime(0);
      try {
        return await this.#hosts.enter({ job, target, signal, vouched });
      } catch (error) {
        if (error instanceof HostClockError) this.#failure = error;
        if (!(error instanceof HostBusyError)) throw error;
        await this.#sleep(error.seconds);
      }
    }
  }

  #checkTime(ms: number): void {
    if (ms > this.#leftMs) throw new Error('the time for sitemaps is used up');
  }

  async #sleep(seconds: number): Promise<void> {
    this.#visit.signal.throwIfAborted();
    this.#checkTime(seconds * 1000);
    await sleep(seconds * 1000, undefined, { signal: this.#signal });
  }
}
