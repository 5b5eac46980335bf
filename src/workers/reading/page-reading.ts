import type { PageChange } from '../../database/enumerations.ts';
import type { CrawlOptions, ScrapeOptions } from '../../jobs/options.ts';
import type { BlockVerdict } from '../../scrape/block/index.ts';
import type { RawPage } from '../../scrape/types.ts';

/** A page to read. It is sent to another process: plain values only. */
export interface ReadRequest {
  jobId: string;
  /** The URL that was asked for, and how far it is from the crawl's seed. */
  url: string;
  depth: number;
  page: RawPage;
  options: ScrapeOptions | CrawlOptions;
  isCrawl: boolean;
  /** Whether the titles of what it links to are wanted. */
  isMap: boolean;
  fetchedAt: Date;
  /** The time until the body was there. */
  fetchMs: number;
  /** What to compare the page with; null: nothing. */
  compare: CompareRequest | null;
}

/** What a page was before, and what to report of the change. */
export interface CompareRequest {
  /** Null for a page that is new; its hash is null where something else counted as content then. */
  previous: { sha256: string | null; text: string | null } | null;
  /** Whether a changed page has a diff, and its text is kept for the next one. */
  diff: boolean;
  /** Whether the block of an unchanged page has no content. */
  brief: boolean;
}

/** How a page's reading goes on. */
export interface ReadingProgress {
  /** Gives the page up. */
  signal: AbortSignal;
  /** Called when its reading begins, with the milliseconds that it has waited for others. */
  onWaited: (ms: number) => void;
}

/** What was read of a page. */
export interface PageReading {
  /** The page block: JSON text in UTF-8. */
  fragment: Uint8Array;
  /** From the beginning of the fetch to the end of the reading. */
  durationMs: number;
  noindex: boolean;
  /** Whether the page costs nothing, because its content was not read. */
  unbilled: boolean;
  /** Whether a browser would find more to read, where `render` is `auto`. */
  needsBrowser: boolean;
  /** Why it is a block page; null where it is none. */
  block: BlockVerdict | null;
  /** Crawl: the links in scope, normalised, each once, in document order. */
  links: string[];
  /** Map: the titles that are known, by URL: of the page itself, and the texts of its links. */
  titles: Map<string, string>;
  /** Crawl: other addresses of the page, where it was redirected to and its canonical URL. */
  aliases: string[];
  /**
   * What the page is beside what it was, and the text for the next diff where there is one; null
   * where it was not compared, or is no content: a block page, an error, a part of a page.
   */
  compared: { change: PageChange; sha256: string; text: string | null } | null;
}
