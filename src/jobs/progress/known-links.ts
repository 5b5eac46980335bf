import { LRUCache } from 'lru-cache';

/** Characters of URLs that are remembered, of all crawls together. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/**
 * URLs that stand in crawls already, as pages or as other addresses of pages. Most links of a site
 * stand on most of its pages: each that is remembered saves a hash and two look-ups. A crawl
 * forgets no URL while it runs, so what is remembered stays true.
 */
export class KnownLinks {
  readonly #urls = new LRUCache<string, true>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, name) => name.length,
  });

  /** Those of one crawl, as a transaction finds them. */
  of(jobId: string): CrawlLinks {
    return new CrawlLinks(this.#urls, jobId);
  }
}

/** The known links of one crawl, and those that a transaction adds. */
export class CrawlLinks {
  readonly #urls: LRUCache<string, true>;
  readonly #jobId: string;
  readonly #noted: string[] = [];

  constructor(urls: LRUCache<string, true>, jobId: string) {
    this.#urls = urls;
    this.#jobId = jobId;
  }

  has(url: string): boolean {
    return this.#urls.get(this.#nameOf(url)) === true;
  }

  /** The URL stands in the crawl if the transaction commits. */
  note(url: string): void {
    this.#noted.push(url);
  }

  /** Remembers what was noted. Call it when the transaction has committed. */
  keep(): void {
    for (const url of this.#noted) this.#urls.set(this.#nameOf(url), true);
  }

  #nameOf(url: string): string {
    return `${this.#jobId} ${url}`;
  }
}
