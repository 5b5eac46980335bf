import { setTimeout as sleep } from 'node:timers/promises';
import { collectSitemapUrls } from '../../crawl/collect-sitemaps.ts';
import type { Scope } from '../../crawl/scope.ts';
import { normaliseUrl } from '../../crawl/normalise.ts';
import { isRetryable, type BodyReader, type FetchedPage } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { JobInfo } from '../queue/open-work.ts';
import type { PageWorker } from './page.ts';
import {
  ClockTrouble,
  fetchInPlace,
  retryAfter,
  takePlace,
  TRANSIENT_STATUSES,
  type Target,
} from '../hosts/politeness.ts';

const MAX_SITEMAPS = 200;
const SITEMAP_TIMEOUT_MS = 20_000;
const SITEMAP_BYTES = 50 * 1024 * 1024;
/** The most that all sitemaps of one crawl may take. */
const SITEMAPS_BUDGET_MS = 60_000;
/** Before a sitemap that failed in passing is asked for once more, where the host names no time. */
const RETRY_SECONDS = 1;

/** The pages in scope that the sitemaps of the seed's site list. They are fetched as politely as pages. */
export async function sitemapUrls(
  worker: PageWorker,
  job: JobInfo,
  seed: string,
  inScope: Scope['inScope'],
  signal: AbortSignal,
): Promise<string[]> {
  const { max_pages } = job.options as CrawlOptions;
  const { origin } = new URL(seed);
  const { sitemaps } = await worker.robots.get(origin);
  const fetcher = new SitemapFetcher(worker, job, sitemaps, signal);
  const urls = await collectSitemapUrls({
    roots: sitemaps.length > 0 ? sitemaps : [`${origin}/sitemap.xml`],
    maxSitemaps: MAX_SITEMAPS,
    // Some of what a sitemap lists is out of the crawl's scope, or double.
    maxUrls: Math.min(100_000, max_pages * 2),
    inScope: (url) => inScope(normaliseUrl(url, undefined) ?? url, 1),
    sameSite: (url) => job.crawl!.scope.sameSite(url),
    fetch: async (url, read) => await fetcher.fetch(url, read),
  });
  fetcher.throwTrouble();
  return urls;
}

/** Fetches the sitemaps of one crawl within the time for all of them. Where it throws, what was read of that sitemap before counts. */
class SitemapFetcher {
  readonly #worker: PageWorker;
  readonly #job: JobInfo;
  readonly #vouched: Set<string>;
  readonly #signal: AbortSignal;
  readonly #deadline = performance.now() + SITEMAPS_BUDGET_MS;
  #trouble: ClockTrouble | null = null;

  constructor(worker: PageWorker, job: JobInfo, vouched: string[], signal: AbortSignal) {
    this.#worker = worker;
    this.#job = job;
    this.#vouched = new Set(vouched);
    this.#signal = signal;
  }

  /** Throws what is no fault of the sitemaps: then what was found is not all there is. */
  throwTrouble(): void {
    this.#signal.throwIfAborted();
    if (this.#trouble) throw this.#trouble;
  }

  async fetch(url: string, read: BodyReader): Promise<FetchedPage> {
    const target = { url, host: new URL(url).host };
    let pause: number | null;
    try {
      const fetched = await this.#fetchOnce(target, read);
      if (!TRANSIENT_STATUSES.has(fetched.status)) return fetched;
      pause = retryAfter(fetched);
    } catch (error) {
      if (!isRetryable(error)) throw error;
      pause = null;
    }
    await this.#sleep(pause ?? RETRY_SECONDS);
    return await this.#fetchOnce(target, read);
  }

  async #fetchOnce(target: Target, read: BodyReader): Promise<FetchedPage> {
    await this.#takePlace(target);
    // What the caller sends to the site is for no other, which a robots.txt may name.
    const headers = this.#job.crawl!.scope.sameSite(target.url) ? this.#job.options.headers : {};
    return await fetchInPlace(this.#worker, this.#job, target, {
      headers,
      timeoutMs: Math.min(SITEMAP_TIMEOUT_MS, Math.max(1, this.#leftMs)),
      maxBytes: SITEMAP_BYTES,
      read,
      signal: this.#signal,
    });
  }

  get #leftMs(): number {
    return this.#deadline - performance.now();
  }

  async #takePlace(target: Target): Promise<void> {
    const vouched = this.#vouched.has(target.url);
    for (;;) {
      this.#checkTime(0);
      const wait = await takePlace(this.#worker, this.#job, target, this.#signal, { vouched }).catch(
        (error: unknown) => {
          if (error instanceof ClockTrouble) this.#trouble = error;
          throw error;
        },
      );
      if (wait === null) return;
      await this.#sleep(wait);
    }
  }

  #checkTime(ms: number): void {
    if (ms > this.#leftMs) throw new Error('the time for sitemaps is used up');
  }

  async #sleep(seconds: number): Promise<void> {
    this.#signal.throwIfAborted();
    this.#checkTime(seconds * 1000);
    await sleep(seconds * 1000, undefined, { signal: this.#signal });
  }
}
