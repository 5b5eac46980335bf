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
  /** The parent of its pages' spans. */
  traceparent: string | null;
  /** The URL to which its end, and only its end, is announced; else null. */
  callback_url: string | null;
  options: ScrapeOptions | CrawlOptions;
  /** The cookies that its pages share; null where each page has its own. */
  session: CookieSession | null;
  /** The scope of a crawl or a map; null for pages that the caller named. */
  crawl: { scope: Scope } | null;
  /** The options of a map; null for other jobs. */
  map: MapOptions | null;
  /** How a run of a schedule compares its pages; null for other jobs. */
  watch: Watch | null;
}

/** How the pages of a run are compared with those of the runs before. */
export interface Watch {
  run: RunJob;
  /** Whether only changes are reported, so that an unchanged page needs no content. */
  onlyChanges: boolean;
  diff: boolean;
  /** The Markdown that is known of a page, by its ordinal. */
  textOf: (ordinal: number) => Promise<string | null>;
}

/** A page of a job, to be visited. */
export interface PendingPage {
  ordinal: number;
  url: string;
  host: string;
  depth: number;
  tries: number;
  /** Milliseconds from the job's creation until the page's slice was read. */
  waited_ms: number;
  /**
   * What earlier runs know of it; null where they do not know it, and for jobs that are no runs.
   */
  known: KnownPage | null;
}

/** A visit to a page, until the signal aborts it. */
export interface Visit {
  job: JobInfo;
  page: PendingPage;
  signal: AbortSignal;
}
