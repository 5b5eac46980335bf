import type { RunJob } from '../changes/known-pages.ts';
import type { KnownPage } from '../changes/page-change.ts';
import type { Scope } from '../crawl/scope.ts';
import type { CookieSession } from '../egress/index.ts';
import type { CrawlOptions, MapOptions, ScrapeOptions } from '../jobs/options.ts';

/** What a worker knows of a job: its options never change. */
export interface JobInfo {
  account_id: string;
  id: string;
  request_id: string | null;
  /** What its pages' spans are children of. */
  traceparent: string | null;
  /** Where its end is announced to, and nothing before; null where that is not so. */
  callback_url: string | null;
  options: ScrapeOptions | CrawlOptions;
  /** The cookies that its pages share; null where each page has its own. */
  session: CookieSession | null;
  /** What a crawl or a map keeps to; null for pages that the caller named. */
  crawl: { scope: Scope } | null;
  /** What a map lists; null where the job is none. */
  map: MapOptions | null;
  /** What a run of a schedule compares its pages with; null where the job is none. */
  watch: Watch | null;
}

/** How the pages of a run are compared with those of the runs before. */
export interface Watch {
  run: RunJob;
  /** Whether only changes are reported, so that an unchanged page needs no content. */
  onlyChanges: boolean;
  diff: boolean;
  /** The Markdown that is known of a page, by its ordinal. */
  markdownOf: (ordinal: number) => Promise<string | null>;
}

/** A page of a job that is to be visited. */
export interface PendingPage {
  ordinal: number;
  url: string;
  host: string;
  depth: number;
  tries: number;
  /** Milliseconds from its job's creation until it was taken up. */
  waited_ms: number;
  /** What the runs before know of it; null where they do not, and where the job is no run. */
  known: KnownPage | null;
}

/** A visit to a page, until the signal aborts it. */
export interface Visit {
  job: JobInfo;
  page: PendingPage;
  signal: AbortSignal;
}
