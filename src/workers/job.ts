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
}

/** A page of a job that is to be visited. */
export interface PendingPage {
  ordinal: number;
  url: string;
  host: string;
  depth: number;
  tries: number;
}

/** A visit to a page, until the signal aborts it. */
export interface Visit {
  job: JobInfo;
  page: PendingPage;
  signal: AbortSignal;
}
