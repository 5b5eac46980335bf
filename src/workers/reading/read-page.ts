import { createScope, type Scope } from '../../crawl/scope.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import { extract } from '../../scrape/extract.ts';
import { okBlock } from '../../scrape/page-block.ts';
import { PageError, UNBILLED_REASONS } from '../../scrape/types.ts';
import type { PageReading, ReadRequest } from './page-reading.ts';
import { linksInScope, otherAddresses, titlesOf } from './crawl-links.ts';

/** The largest page block that is kept. Every format is part of it. */
export const MAX_FRAGMENT_BYTES = 12 * 1024 * 1024;

/**
 * Makes the page block and, for a crawl, the links. Throws PageError; `too_large` where the block
 * is.
 */
export async function readPage(request: ReadRequest): Promise<PageReading> {
  const { page, options, isCrawl, isMap, fetchedAt, fetchMs } = request;
  const begunAt = performance.now();
  const extraction = await extract(page, { ...options, link_texts: isMap });
  // What a block page links to is not the site.
  const crawl =
    isCrawl && extraction.block === null
      ? {
          links: linksInScope(request, scopeOf(request), extraction),
          aliases: otherAddresses(request, scopeOf(request), extraction),
        }
      : { links: [], aliases: [] };
  const titles = isMap ? titlesOf(request, extraction) : new Map<string, string>();
  const durationMs = Math.round(fetchMs + performance.now() - begunAt);
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
  };
  const fragment = Buffer.from(okBlock(facts, extraction, options.formats));
  if (fragment.length > MAX_FRAGMENT_BYTES) throw new PageError('too_large');
  const { block, empty, robots, needsBrowser = false } = extraction;
  const unbilled = block !== null || (empty !== null && UNBILLED_REASONS.has(empty));
  return { fragment, durationMs, noindex: robots.noindex, unbilled, needsBrowser, block, titles, ...crawl };
}

/** The scope of the crawl that a page was last read of. */
let known: { jobId: string; scope: Scope } | null = null;

function scopeOf(request: ReadRequest): Scope {
  // A seed that has moved takes the crawl along.
  return crawlScope(request).at(request.depth === 0 ? request.page.url : request.url);
}

function crawlScope({ jobId, options }: ReadRequest): Scope {
  if (known?.jobId === jobId) return known.scope;
  const { url, allow_subdomains, include_paths, exclude_paths, max_depth } = options as CrawlOptions;
  const scope = createScope({
    seed: url,
    allow_subdomains,
    include_paths,
    exclude_paths,
    max_depth: max_depth ?? undefined,
  });
  known = { jobId, scope };
  return scope;
}
