import type { Scope } from '../../../crawl/scope.ts';
import { crawlScope, type CrawlOptions } from '../../../jobs/options.ts';
import { comparedText, contentSha256, MAX_DIFF_CHARACTERS, textDiff } from '../../../scrape/compare.ts';
import { extract } from '../../../scrape/extract.ts';
import { okBlock, type PageComparison } from '../../../scrape/page-block.ts';
import { PageError, UNBILLED_REASONS, type Extraction } from '../../../scrape/types.ts';
import { MAX_FRAGMENT_BYTES } from '../../../scrape/long-text/fragment-size.ts';
import { KEPT_RESIDENT_BYTES } from '../limits.ts';
import type { PageReading, ReadRequest } from '../page-reading.ts';
import { linksInScope, otherAddresses, titlesOf } from './crawl-links.ts';
import { trimResident } from './resident.ts';

/**
 * Makes the page block and, for a crawl, the links. Throws PageError, `too_large` for a block that
 * is too large.
 */
export async function readPage(request: ReadRequest): Promise<PageReading> {
  const { page, options, isCrawl, isMap, fetchedAt, fetchMs } = request;
  const begunAt = performance.now();
  const extraction = await extract(page, { ...options, link_texts: isMap });
  // The links of a block page are not those of the site.
  const crawl =
    isCrawl && extraction.block === null
      ? {
          links: linksInScope(request, scopeOf(request), extraction),
          aliases: otherAddresses(request, scopeOf(request), extraction),
        }
      : { links: [], aliases: [] };
  const titles = isMap ? titlesOf(request, extraction) : new Map<string, string>();
  const { block, empty, robots, needsBrowser = false } = extraction;
  const unbilled = block !== null || (empty !== null && UNBILLED_REASONS.has(empty));
  const comparison = unbilled ? null : await comparisonOf(request, extraction);
  const durationMs = Math.round(fetchMs + performance.now() - begunAt);
  // A block of megabytes is there three times until it has been sent.
  trimResident(KEPT_RESIDENT_BYTES);
  const facts = {
    url: request.url,
    finalUrl: page.url,
    contentType: page.contentType,
    status: page.status,
    truncated: page.truncated ?? false,
    rendered: page.rendered ?? false,
    via: page.via ?? null,
    files: page.files,
    skipTlsVerification: options.skip_tls_verification,
    fetchedAt,
    durationMs,
    comparison,
  };
  const isBrief = comparison?.change === 'unchanged' && request.compare?.brief === true;
  const fragment = Buffer.from(
    isBrief
      ? okBlock(facts, { ...extraction, data: undefined }, [])
      : okBlock(facts, extraction, options.formats),
  );
  if (fragment.length > MAX_FRAGMENT_BYTES) throw new PageError('too_large');
  const compared = comparison && { ...comparison, text: keptText(request, extraction) };
  const { noindex } = robots;
  return { fragment, durationMs, noindex, unbilled, needsBrowser, block, titles, compared, ...crawl };
}

/**
 * The page beside what it was before. Null where it is not compared, an error, or a part of itself.
 */
async function comparisonOf(
  { page, options, compare }: ReadRequest,
  extraction: Extraction,
): Promise<PageComparison | null> {
  if (compare === null || page.status >= 400 || page.truncated === true) return null;
  const { previous, diff } = compare;
  const sha256 = contentSha256(extraction, options);
  if (previous === null) return { change: 'added', sha256, previousSha256: null };
  const previousSha256 = previous.sha256;
  if (previousSha256 === null || sha256 === previousSha256)
    return { change: 'unchanged', sha256, previousSha256 };
  if (!diff) return { change: 'changed', sha256, previousSha256 };
  const text = comparedText(extraction, options);
  const lines = previous.text !== null && text !== null ? await textDiff(previous.text, text) : null;
  return { change: 'changed', sha256, previousSha256, diff: lines };
}

/** The text that the next run needs for its diff. */
function keptText({ compare, options }: ReadRequest, extraction: Extraction): string | null {
  if (compare?.diff !== true) return null;
  const text = comparedText(extraction, options);
  return text !== null && text.length <= MAX_DIFF_CHARACTERS ? storable(text) : null;
}

/** Postgres has no U+0000, and its UTF-8 no lone surrogates. */
const storable = (text: string) => text.replaceAll('\0', '').toWellFormed();

/** The scope of the latest crawl of which a page was read. */
let known: { jobId: string; scope: Scope } | null = null;

function scopeOf(request: ReadRequest): Scope {
  // Where the seed was redirected, the crawl moves along.
  return knownScope(request).at(request.depth === 0 ? request.page.url : request.url);
}

function knownScope({ jobId, options }: ReadRequest): Scope {
  if (known?.jobId !== jobId) known = { jobId, scope: crawlScope(options as CrawlOptions) };
  return known.scope;
}
