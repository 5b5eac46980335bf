import { absoluteUrl, parseSitemap } from './sitemap.ts';

export interface CollectOptions {
  /** Sitemaps to start from. They may be on any host: robots.txt vouches for those it names. */
  roots: readonly string[];
  /**
   * Fetches one sitemap and has `read` read it as it arrives. Where it rejects, what was read
   * before counts.
   */
  fetch: (url: string, read: (body: AsyncIterable<Buffer>) => Promise<void>) => Promise<unknown>;
  /** Sitemaps fetched at most, failures included. */
  maxSitemaps: number;
  /** URLs found at most. */
  maxUrls: number;
  /** Characters that these have at most; default 16 Mi: a hundred thousand URLs of 160. */
  maxCharacters?: number;
  /** Whether a page belongs to the crawl. `lastmod`: when it last changed, where that is said. */
  inScope: (url: string, lastmod: string | undefined) => boolean;
  /**
   * Whether a sitemap that an index names may be fetched though its host is not the index's.
   * Default: none may.
   */
  sameSite?: (url: string) => boolean;
}

const MAX_CHARACTERS = 16 * 1024 * 1024;

/** What the sitemaps of a site name. */
export interface CollectedUrls {
  pages: string[];
  /** Whether that is all they name: no limit was reached. */
  complete: boolean;
}

/**
 * The pages in scope that the sitemaps name, each once, in a fixed order: breadth first through the
 * indexes, by place within a file. One sitemap is fetched at a time, each once, and none when
 * enough was found.
 */
export async function collectSitemapUrls(options: CollectOptions): Promise<CollectedUrls> {
  const {
    fetch,
    maxSitemaps,
    maxUrls,
    maxCharacters = MAX_CHARACTERS,
    inScope,
    sameSite = () => false,
  } = options;
  const roots = options.roots.map((root) => absoluteUrl(root)).filter((root) => root !== null);
  const sitemaps = new Set(roots.slice(0, maxSitemaps));
  const pages = new Set<string>();
  let charactersLeft = maxCharacters;
  let leftOut = new Set(roots).size > sitemaps.size;
  const enough = () => pages.size >= maxUrls || charactersLeft <= 0;

  const add = (loc: string, lastmod: string | undefined) => {
    if (enough() || pages.has(loc) || !inScope(loc, lastmod)) return;
    pages.add(loc);
    charactersLeft -= loc.length;
  };
  const addSitemap = (loc: string, namedBy: string) => {
    if (sitemaps.has(loc) || !(sameHost(loc, namedBy) || sameSite(loc))) return;
    if (sitemaps.size < maxSitemaps) sitemaps.add(loc);
    else leftOut = true;
  };
  const readSitemap = async (body: AsyncIterable<Buffer>, sitemap: string) => {
    for await (const { kind, urls, lastmod } of parseSitemap(body, sitemap)) {
      for (const loc of urls) {
        if (kind === 'index') addSitemap(loc, sitemap);
        else add(loc, lastmod.get(loc));
      }
      if (enough()) return;
    }
  };
  // A Set's iterator also reaches what is added while it runs: the Set is both the queue and the
  // guard against cycles.
  for (const sitemap of sitemaps) {
    if (enough()) break;
    let reading = Promise.resolve();
    const read = (body: AsyncIterable<Buffer>) => (reading = readSitemap(body, sitemap));
    // What was read of one that fails counts.
    await fetch(sitemap, read).catch(() => undefined);
    await reading.catch(() => undefined);
  }
  return { pages: [...pages], complete: !leftOut && !enough() };
}

function sameHost(a: string, b: string): boolean {
  return URL.parse(a)?.host === URL.parse(b)?.host;
}
