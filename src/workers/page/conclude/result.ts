import type { ReadSitemaps } from '../../../changes/known-pages.ts';
import type { ComparedPage } from '../../../changes/page-change.ts';
import type { FetchedPage } from '../../../egress/index.ts';
import type { JobFile } from '../../../jobs/progress/files.ts';
import type { PageResult } from '../../../jobs/progress/page-result.ts';
import { failedBlock } from '../../../scrape/page-block.ts';
import type { PageErrorCode } from '../../../scrape/types.ts';
import type { BlockVerdict } from '../../../scrape/block/index.ts';
import type { PageReading } from '../../reading/page-reading.ts';
import type { PendingPage, Visit } from '../../job.ts';

/** What a site has answered, and when. */
export interface Answer {
  /** Null where there was no answer. */
  readonly fetched: FetchedPage | null;
  readonly fetchedAt: Date;
  /** Since the request for it began; in whole milliseconds. */
  readonly durationMs: number;
}

/** How a page ends that is not read. */
export interface Ending {
  status: 'failed' | 'skipped';
  code: PageErrorCode;
  /** What is known of the fault beyond its code. */
  detail?: string | null;
  /** The block page for which its site is left alone. */
  block?: BlockVerdict | null;
}

/** The result of a page that failed or was skipped. */
export function endedResult(
  { job, page }: Visit,
  { fetched, fetchedAt, durationMs }: Answer,
  { status, code, detail = null, block = null }: Ending,
): PageResult {
  const fragment = failedBlock({
    url: page.url,
    ...(fetched && { finalUrl: fetched.url, httpStatus: fetched.status, contentType: fetched.contentType }),
    status,
    code,
    detail,
    block,
    fetchedAt,
    durationMs,
  });
  return {
    ordinal: page.ordinal,
    url: page.url,
    status,
    fragment,
    http_status: fetched?.status ?? null,
    error_code: code,
    blocked: block !== null,
    duration_ms: durationMs,
    fetched_at: fetchedAt,
    // The links that are known of a crawled page are followed, though the page did not come this
    // time.
    links: job.crawl && status === 'failed' ? (page.known?.links ?? null) : null,
    aliases: [],
    answered: null,
  };
}

interface ReadPage {
  page: PendingPage;
  fetched: FetchedPage;
  reading: PageReading;
  /** Crawl: the links to follow. */
  links: string[] | null;
  fetchedAt: Date;
  /** What it costs beyond one credit. */
  surcharge: number;
  files: JobFile[];
  /** Run of a schedule: what became of it since the run before. */
  compared?: ComparedPage | null;
  sitemaps?: ReadSitemaps | null;
}

/** The result of a page that was read. */
export function okResult({
  page,
  fetched,
  reading,
  links,
  fetchedAt,
  surcharge,
  files,
  ...run
}: ReadPage): PageResult {
  return {
    ordinal: page.ordinal,
    url: page.url,
    status: 'ok',
    fragment: reading.fragment,
    http_status: fetched.status,
    error_code: null,
    unbilled: reading.unbilled,
    surcharge: reading.unbilled ? 0 : surcharge,
    blocked: reading.block !== null,
    duration_ms: reading.durationMs,
    fetched_at: fetchedAt,
    links,
    aliases: reading.aliases,
    answered: { url: fetched.url, contentType: fetched.contentType },
    files,
    ...run,
  };
}
