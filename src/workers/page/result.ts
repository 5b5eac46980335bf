import type { ComparedPage } from '../../changes/page-change.ts';
import type { FetchedPage } from '../../egress/index.ts';
import type { JobFile } from '../../jobs/progress/files.ts';
import type { PageResult } from '../../jobs/progress/settle.ts';
import { failedBlock } from '../../scrape/page-block.ts';
import type { PageErrorCode } from '../../scrape/types.ts';
import type { BlockVerdict } from '../../scrape/block/index.ts';
import type { PageReading } from '../reading/page-reading.ts';
import type { PendingPage } from '../job.ts';

interface EndedPage {
  page: PendingPage;
  status: 'failed' | 'skipped';
  code: PageErrorCode;
  /** What is known of the fault beyond its code. */
  detail: string | null;
  /** Why its site is left alone. */
  block: BlockVerdict | null;
  /** The answer, where there was one. */
  fetched: FetchedPage | null;
  fetchedAt: Date;
  durationMs: number;
}

/** The result of a page that failed or was skipped. */
export function endedResult({
  page,
  status,
  code,
  detail,
  block,
  fetched,
  fetchedAt,
  durationMs,
}: EndedPage): PageResult {
  const fragment = failedBlock({
    url: page.url,
    finalUrl: fetched?.url ?? null,
    httpStatus: fetched?.status ?? null,
    contentType: fetched?.contentType ?? null,
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
    links: null,
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
  incomplete?: boolean;
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
