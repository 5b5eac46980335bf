import { absoluteUrl, NO_SITEMAP, parseSitemap, type Sitemap } from './sitemap.ts';

export interface CollectOptions {
  /** Sitemaps to start from. They may be on any host: robots.txt vouches for those it names. */
  roots: readonly string[];
  /** Fetches one sitemap. One that rejects or answers other than 2xx is skipped. */
  fetch: (url: string) => Promise<{ status: number; body: Buffer }>;
  /** Reads one; parseSitemap unless said otherwise. */
  read?: (body: Buffer, url: string) => Sitemap | Promise<Sitemap>;
  /** Sitemaps fetched at most, failures included. */
  maxSitemaps: number;
  /** URLs yielded at most. */
  maxUrls: number;
  /** Whether a page belongs to the crawl. */
  inScope: (url: string) => boolean;
  /** Whether a sitemap that an index names may be fetched though its host is not the index's. Default: none may. */
  sameSite?: (url: string) => boolean;
}

/**
 * Yields the pages in scope that the sitemaps name, each once, in a fixed order: breadth first through the indexes, by
 * place within a file. One sitemap is fetched at a time, each once, and none after the consumer stops.
 */
export async function* collectSitemapUrls(options: CollectOptions): AsyncGenerator<string, void, undefined> {
  const { maxSitemaps, maxUrls, inScope, sameSite = () => false } = options;
  const roots = options.roots.map((root) => absoluteUrl(root)).filter((root) => root !== null);
  const sitemaps = new Set(roots.slice(0, maxSitemaps));
  const pages = new Set<string>();
  // A Set's iterator also reaches what is added while it runs: the Set is both the queue and the guard against cycles.
  for (const sitemapUrl of sitemaps) {
    if (pages.size >= maxUrls) return;
    const { kind, urls } = await fetchSitemap(sitemapUrl, options);
    for (const loc of urls) {
      if (kind === 'index') {
        if (sitemaps.size < maxSitemaps && (sameHost(loc, sitemapUrl) || sameSite(loc))) sitemaps.add(loc);
      } else if (!pages.has(loc) && inScope(loc)) {
        pages.add(loc);
        yield loc;
        if (pages.size >= maxUrls) return;
      }
    }
  }
}

async function fetchSitemap(url: string, { fetch, read = parseSitemap }: CollectOptions): Promise<Readonly<Sitemap>> {
  const answer = await fetch(url).catch(() => null);
  if (answer === null || answer.status < 200 || answer.status > 299) return NO_SITEMAP;
  return await read(answer.body, url);
}

function sameHost(a: string, b: string): boolean {
  return URL.parse(a)?.host === URL.parse(b)?.host;
}
