import { setTimeout as sleep } from 'node:timers/promises';
import { collectSitemapUrls } from '../../crawl/collect-sitemaps.ts';
import { normaliseUrl } from '../../crawl/normalise.ts';
import { withinBudget } from '../../crawl/scope.ts';
import { isRetryable, type BodyReader, type FetchedPage } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import { retryAfterSeconds, TRANSIENT_STATUSES } from '../hosts/answer.ts';
import { HostClockError } from '../hosts/clock.ts';
import { HostBusyError, type HostPlace, type Hosts, type Target } from '../hosts/hosts.ts';
import type { Visit } from '../job.ts';
import { cookiesFor } from './cookies.ts';
import { headersFor } from './headers.ts';

/**
 * Where sitemaps are that no robots.txt names: by convention, and as WordPress and its plugins
 * place them.
 */
const USUAL_PLACES = ['/sitemap.xml', '/sitemap_index.xml', '/wp-sitemap.xml'];
const MAX_SITEMAPS = 200;
const SITEMAP_TIMEOUT_MS = 20_000;
const SITEMAP_BYTES = 50 * 1024 * 1024;
/** The most that all sitemaps of one crawl may take. */
const SITEMAPS_BUDGET_MS = 60_000;
/** The most that judging what the sitemaps list may hold up the thread. */
const JUDGING_BUDGET_MS = 2000;
/**
 * The pause before a sitemap that failed in passing is fetched once more, where the host names
 * none.
 */
const RETRY_SECONDS = 1;

/**
 * The pages in scope that the sitemaps of the seed's site list, normalised. They are fetched as
 * politely as pages.
 */
export async function sitemapLinks(visit: Visit, hosts: Hosts, seed: string): Promise<string[]> {
  const { max_pages, ignore_query_parameters } = visit.job.options as CrawlOptions;
  const { origin } = new URL(seed);
  const scope = visit.job.crawl!.scope.at(seed);
  const inScope = withinBudget(scope, JUDGING_BUDGET_MS);
  const named = await hosts.sitemapsOf(visit.job, origin);
  const fetcher = new SitemapFetcher(visit, hosts, named);
  const links = new Set<string>();
  await collectSitemapUrls({
    roots: named.length > 0 ? named : USUAL_PLACES.map((path) => origin + path),
    maxSitemaps: MAX_SITEMAPS,
    // Some of what a sitemap lists is out of the crawl's scope, or double.
    maxUrls: Math.min(100_000, max_pages * 2),
    inScope: (raw) => {
      const url = normaliseUrl(raw, undefined, { ignore_query_parameters });
      if (url === null || url === visit.page.url || !inScope(url, 1)) return false;
      links.add(url);
      return true;
    },
    sameSite: (url) => scope.sameSite(url),
    fetch: async (url, read) => await fetcher.fetch(url, read),
  });
  fetcher.throwFailure();
  return [...links];
}

/**
 * Fetches the sitemaps of one crawl within the time for all of them. What was read of a sitemap
 * before it throws counts.
 */
class SitemapFetcher {
  readonly #visit: Visit;
  readonly #hosts: Hosts;
  readonly #vouched: Set<string>;
  readonly #deadline = performance.now() + SITEMAPS_BUDGET_MS;
  #failure: HostClockError | null = null;

  constructor(visit: Visit, hosts: Hosts, vouched: string[]) {
    this.#visit = visit;
    this.#hosts = hosts;
    this.#vouched = new Set(vouched);
  }

  /** Throws what is no fault of the sitemaps: then what was found is not all there is. */
  throwFailure(): void {
    this.#visit.signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  async fetch(url: string, read: BodyReader): Promise<FetchedPage> {
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
    const { job, signal } = this.#visit;
    using place = await this.#enter(target);
    return await place.fetch({
      headers: headersFor(job, target.url),
      cookies: cookiesFor(job, target.url),
      timeoutMs: Math.min(SITEMAP_TIMEOUT_MS, Math.max(1, this.#leftMs)),
      maxBytes: SITEMAP_BYTES,
      read,
      signal,
    });
  }

  get #leftMs(): number {
    return this.#deadline - performance.now();
  }

  async #enter(target: Target): Promise<HostPlace> {
    const { job, signal } = this.#visit;
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
    await sleep(seconds * 1000, undefined, { signal: this.#visit.signal });
  }
}
