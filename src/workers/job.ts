import type { Scope } from '../crawl/scope.ts';
import type { CookieSession } from '../egress/index.ts';
import type { CrawlOptions, ScrapeOptions } from '../jobs/options.ts';

/** What a worker knows of a job: its options never change. */
export interface JobInfo {
  account_id: string;
  id: string;
  request_id: string | null;
  /** What its pages' spans are children of. */
  traceparent: string | null;
  options: ScrapeOptions | CrawlOptions;
  /** The cookies that its pages share; null where each page has its own. */
  session: CookieSession | null;
  crawl: { scope: Scope } | null;
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
