import type { ComparedPage, KnownPage } from '../../changes/page-change.ts';
import type { PageResult } from '../../jobs/progress/page-result.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import { notModifiedBlock } from '../../scrape/page-block.ts';
import type { JobInfo, PendingPage } from '../job.ts';
import type { CompareRequest, PageReading } from '../reading/page-reading.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';

/** No honest site sends longer ones. */
const MAX_ETAG_LENGTH = 512;
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;
const HTTP_DATE = /^[A-Za-z0-9,: +-]{10,64}$/;

/**
 * The conditional headers for a page that earlier runs know (RFC 9110, sections 13.1.2 and 13.1.3):
 * the site answers 304 where it has not changed. None where the content is needed anyway, or may
 * change without the document, as in a browser.
 */
export function conditionsFor(job: JobInfo, { known, depth }: PendingPage): Record<string, string> {
  if (known === null || job.watch?.onlyChanges !== true || job.options.render !== false) return {};
  if (job.crawl && !knowsLinks(job, known, depth)) return {};
  const own = new Set(Object.keys(job.options.headers).map((name) => name.toLowerCase()));
  if (own.has('if-none-match') || own.has('if-modified-since')) return {};
  const { etag, last_modified } = known;
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(last_modified === null ? {} : { 'if-modified-since': last_modified }),
  };
}

/** Which links are in scope depends on how far the page is from the start. */
function knowsLinks({ options }: JobInfo, known: KnownPage, depth: number): boolean {
  return known.links !== null && ((options as CrawlOptions).max_depth === null || known.depth === depth);
}

/** The validators of an answer, for the conditions of the next request. */
function validatorsOf({ status, hops, headers }: RoutedPage, rendered: boolean) {
  const { etag = '', 'last-modified': modified = '' } = headers;
  // After a redirect they belong to another address.
  const isKept = status === 200 && hops.length === 0 && !rendered;
  return {
    etag: isKept && etag.length <= MAX_ETAG_LENGTH && ENTITY_TAG.test(etag) ? etag : null,
    last_modified: isKept && HTTP_DATE.test(modified) ? modified : null,
  };
}

/** What a reader needs to compare a page; null where its job is no run of a schedule. */
export async function compareRequest(
  { watch }: JobInfo,
  { known, ordinal }: PendingPage,
): Promise<CompareRequest | null> {
  if (watch === null) return null;
  const text = watch.diff && known !== null ? await watch.textOf(ordinal) : null;
  return {
    previous: known === null ? null : { sha256: known.sha256, text },
    diff: watch.diff,
    brief: watch.onlyChanges,
  };
}

interface ReadPage {
  page: PendingPage;
  fetched: RoutedPage;
  reading: PageReading;
  rendered: boolean;
}

/** What a run keeps of a page that was compared; null where it was not. */
export function comparedPage({ page, fetched, reading, rendered }: ReadPage): ComparedPage | null {
  const { compared, links, aliases } = reading;
  if (compared === null) return null;
  const { change, sha256, text } = compared;
  const { depth } = page;
  const validators = validatorsOf(fetched, rendered);
  return { change, content: { sha256, ...validators, links, aliases, depth, text } };
}

/** The result of a page whose site answered that it has not changed. */
export function notModifiedResult(
  page: PendingPage,
  fetched: RoutedPage,
  { links, fetchedAt }: { links: string[] | null; fetchedAt: Date },
): PageResult {
  const { aliases } = page.known!;
  // Only a page whose content can be compared is asked for with conditions.
  const sha256 = page.known!.sha256!;
  const durationMs = Math.round(fetched.durationMs);
  return {
    ordinal: page.ordinal,
    url: page.url,
    status: 'ok',
    fragment: notModifiedBlock({
      url: page.url,
      finalUrl: fetched.url,
      status: fetched.status,
      contentType: fetched.contentType,
      via: fetched.via,
      sha256,
      fetchedAt,
      durationMs,
    }),
    http_status: fetched.status,
    error_code: null,
    duration_ms: durationMs,
    fetched_at: fetchedAt,
    links,
    aliases,
    answered: { url: fetched.url, contentType: fetched.contentType },
    compared: { change: 'unchanged', content: null },
  };
}
