import type { FetchedPage } from '../../egress/index.ts';
import type { PageResult } from '../../jobs/settle.ts';
import { failedBlock, okBlock } from '../../scrape/page-block.ts';
import type { Extraction, PageErrorCode } from '../../scrape/types.ts';
import { crawlAliases, crawlLinks } from './crawl-links.ts';
import type { JobInfo } from '../queue/open-work.ts';
import type { PageWorker, PendingPage } from './page.ts';

/** The end of a page that failed or was skipped. */
export function endedResult(
  page: PendingPage,
  status: 'failed' | 'skipped',
  code: PageErrorCode,
  fetched: FetchedPage | null,
  fetchedAt: Date,
  durationMs: number,
): PageResult {
  const fragment = failedBlock({
    url: page.url,
    finalUrl: fetched?.url ?? null,
    httpStatus: fetched?.status ?? null,
    contentType: fetched?.contentType ?? null,
    status,
    code,
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
    duration_ms: durationMs,
    fetched_at: fetchedAt,
    links: null,
    aliases: [],
    answered: null,
  };
}

/** The end of a page that came back; of a crawl's also its links, and of its first what the sitemaps list. */
export async function okResult(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  fetched: FetchedPage,
  extraction: Extraction,
  fetchedAt: Date,
  durationMs: number,
  signal: AbortSignal,
): Promise<PageResult> {
  const facts = {
    url: page.url,
    finalUrl: fetched.url,
    contentType: fetched.contentType,
    fetchedAt,
    durationMs,
    status: fetched.status,
  };
  return {
    ordinal: page.ordinal,
    url: page.url,
    status: 'ok',
    fragment: okBlock(facts, extraction, job.options.formats),
    http_status: fetched.status,
    error_code: null,
    duration_ms: durationMs,
    fetched_at: fetchedAt,
    links: job.crawl ? await crawlLinks(worker, job, page, fetched, extraction, signal) : null,
    aliases: job.crawl ? crawlAliases(job, page, fetched, extraction) : [],
    answered: { url: fetched.url, contentType: fetched.contentType },
  };
}
