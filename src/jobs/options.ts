import { hash } from 'node:crypto';
import type { UrlExpressions } from '../crawl/expressions.ts';
import { createScope, type Scope } from '../crawl/scope.ts';
import type { GivenCookie } from '../egress/index.ts';
import type { RenderOptions } from '../render/options.ts';
import type { ExtractOptions } from '../scrape/types.ts';

/**
 * How a job's pages are fetched and read: the validated request, every default filled in. Kept in
 * jobs.options.
 */
export interface ScrapeOptions extends ExtractOptions {
  /**
   * Whether pages are rendered in a browser. `auto`: those that have nothing to read without it.
   */
  render: boolean | 'auto';
  /** How they are rendered, and what such a page costs; null where they are not. */
  rendering: (RenderOptions & { credits: number }) | null;
  headers: Record<string, string>;
  cookies: GivenCookie[];
  /** `job`: what sites set goes back to them for as long as the job runs. */
  session: 'job' | null;
  /** Null: as the installation has it. */
  proxy: 'none' | 'pool' | { url: string } | null;
  timeout_ms: number;
  max_age_seconds: number;
  respect_robots: boolean;
  user_agent: string | null;
  skip_tls_verification: boolean;
  /**
   * The most fetches that the job may have under way; null or missing: as many as its hosts take.
   */
  max_concurrency?: number | null;
}

/**
 * Where a crawl sends headers of the caller's that may hold credentials: to the seed's origin, or
 * to its whole site.
 */
export const HEADER_SCOPES = ['origin', 'site'] as const;

export interface CrawlOptions extends ScrapeOptions {
  url: string;
  max_pages: number;
  max_depth: number | null;
  include_paths: string[];
  exclude_paths: string[];
  /** Whether only pages below the path of `url` are taken; missing: all of the site. */
  below_seed?: boolean;
  /** Regular expressions of the URLs that are taken; missing: all that the paths name. */
  url_expressions?: UrlExpressions;
  allow_subdomains: boolean;
  ignore_query_parameters: boolean | string[];
  respect_nofollow: boolean;
  respect_noindex: boolean;
  sitemap: 'include' | 'only' | 'skip';
  send_headers_to: (typeof HEADER_SCOPES)[number];
  delay_ms: number;
}

/** Which pages belong to a crawl. */
export function crawlScope(options: CrawlOptions | MapOptions): Scope {
  const { url, allow_subdomains, include_paths, exclude_paths, max_depth } = options;
  const { below_seed, url_expressions } = options;
  const paths = { include_paths, exclude_paths, below_seed, url_expressions };
  return createScope({ seed: url, allow_subdomains, ...paths, max_depth: max_depth ?? undefined });
}

/** A map is made of its start page and of sitemaps, by the rules of a crawl. */
export interface MapOptions extends Omit<CrawlOptions, 'max_pages'> {
  max_urls: number;
  /** Words, all of which a URL or its title must have; null: every URL is listed. */
  search: string | null;
}

/**
 * A key of all that a page's result depends on besides the time, by URL: pages with equal keys may
 * share a result within max_age_seconds.
 */
export function cacheKeysFor(options: ScrapeOptions): (url: string) => Buffer {
  const { formats, only_main_content, include_selectors, exclude_selectors, headers, user_agent } = options;
  const shape = [
    formats,
    only_main_content,
    include_selectors,
    exclude_selectors,
    Object.entries(headers),
    user_agent,
    options.skip_tls_verification,
    options.cookies.length === 0 ? null : options.cookies,
    options.session,
    options.proxy,
    // The block of a map holds more than that of a page.
    ...('max_urls' in options ? ['map'] : []),
    ...(options.fields == null ? [] : [{ fields: options.fields }]),
    ...(options.rendering === null ? [] : [options.render, { ...options.rendering, credits: null }]),
  ];
  const digest = hash('sha256', JSON.stringify(shape));
  return (url) => hash('sha256', `${digest} ${url}`, 'buffer');
}
