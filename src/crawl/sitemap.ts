import { constants, gunzipSync } from 'node:zlib';
import { Parser, type Handler } from 'htmlparser2';
import { MAX_URL_LENGTH } from './normalise.ts';

/** The limits of sitemaps.org: decoded octets and URLs of one file. */
const MAX_DECODED_BYTES = 50 * 1024 * 1024;
const MAX_URLS = 50_000;

/** No sitemap or feed nests deeper; the parser's own stack costs its depth with every tag. */
const MAX_ELEMENT_DEPTH = 32;
const CHUNK_BYTES = 64 * 1024;

export interface SitemapUrl {
  /** Absolute http(s) URL. */
  loc: string;
  /** As the file spells it: W3C datetime in sitemaps and Atom, RFC 822 in RSS. */
  lastmod?: string;
}

export interface Sitemap {
  /** What the URLs are: pages (`urlset`: XML or a feed; `text`: one a line), or further sitemaps (`index`). */
  kind: 'urlset' | 'index' | 'text';
  urls: SitemapUrl[];
}

/**
 * Reads a sitemap after sitemaps.org: XML, an index, plain text, or an RSS or Atom feed, gzipped or not (told by the
 * first octets, not by the name). At most 50,000 URLs out of at most 50 MiB; an entry that is cut off is dropped, and
 * so are locs that are relative, not http(s), or too long. The links of feeds may be relative to `url`. The URLs are
 * not normalised. Never throws: what is no sitemap has no URLs.
 */
export function parseSitemap(body: Buffer, url: string): Sitemap {
  const bytes = decompress(body);
  const encoding = encodingOf(bytes);
  if (isXml(bytes, encoding)) return parseXml(bytes, encoding, url);
  const urls: SitemapUrl[] = [];
  for (const [line] of new TextDecoder(encoding).decode(bytes).matchAll(/[^\r\n]+/g)) {
    const loc = absoluteUrl(line);
    if (loc !== null) urls.push({ loc });
    if (urls.length === MAX_URLS) break;
  }
  return { kind: 'text', urls };
}

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
    for (const { loc } of urls) {
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

async function fetchSitemap(url: string, { fetch, read = parseSitemap }: CollectOptions): Promise<Sitemap> {
  const answer = await fetch(url).catch(() => null);
  if (answer === null || answer.status < 200 || answer.status > 299) return { kind: 'urlset', urls: [] };
  return await read(answer.body, url);
}

function sameHost(a: string, b: string): boolean {
  return URL.parse(a)?.host === URL.parse(b)?.host;
}

/** Gzip that ends early gives what there is of it; gzip that is corrupt, or exceeds the limit, gives nothing. */
function decompress(body: Buffer): Buffer {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body.subarray(0, MAX_DECODED_BYTES);
  try {
    return gunzipSync(body, { maxOutputLength: MAX_DECODED_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

function isXml(bytes: Buffer, encoding: Encoding): boolean {
  const start = new TextDecoder(encoding).decode(bytes.subarray(0, 1024));
  return start.trimStart().startsWith('<');
}

function parseXml(bytes: Buffer, encoding: Encoding, url: string): Sitemap {
  const handler = new SitemapHandler(url);
  const parser = new Parser(handler, { xmlMode: true });
  const decoder = new TextDecoder(encoding);
  // The parser is never told that the file ended: it would close what is open, and half a URL would count as one.
  for (let at = 0; at < bytes.length && !handler.done; at += CHUNK_BYTES) {
    parser.write(decoder.decode(bytes.subarray(at, at + CHUNK_BYTES), { stream: true }));
    // The parser gathers an attribute's value piece by piece, some thirty bytes of memory for each entity in it.
    if (parser['attribvalue'].length > CHUNK_BYTES) break;
  }
  return handler.sitemap;
}

/** Where, from the root element down, an entry and its fields are. */
const ENTRIES = new Set(['urlset/url', 'sitemapindex/sitemap', 'rss/channel/item', 'rdf/item', 'feed/entry']);
const LOCS = new Set(['urlset/url/loc', 'sitemapindex/sitemap/loc', 'rss/channel/item/link', 'rdf/item/link']);
const LASTMODS = new Set([
  'urlset/url/lastmod',
  'sitemapindex/sitemap/lastmod',
  'rss/channel/item/pubdate',
  'feed/entry/updated',
]);
const ATOM_LINK = 'feed/entry/link';

/** Collects entries while the parser runs: no document is built. */
class SitemapHandler implements Partial<Handler> {
  readonly sitemap: Sitemap = { kind: 'urlset', urls: [] };
  done = false;
  readonly #url: string;
  readonly #paths: string[] = [];
  #prefix = '';
  #text = '';
  #link: { href?: string; rel?: string } = {};
  #entry: { loc?: string; lastmod?: string } = {};

  constructor(url: string) {
    this.#url = url;
  }

  onopentagname(tag: string): void {
    const name = tag.toLowerCase();
    if (this.#paths.length === 0) this.#prefix = name.slice(0, name.indexOf(':') + 1);
    const localName = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
    const parent = this.#paths.at(-1);
    const path = parent === undefined ? localName : `${parent}/${localName}`;
    this.#paths.push(path);
    if (this.#paths.length > MAX_ELEMENT_DEPTH) this.done = true;
    if (path === 'sitemapindex') this.sitemap.kind = 'index';
    if (ENTRIES.has(path)) this.#entry = {};
    this.#text = '';
    this.#link = {};
  }

  onattribute(name: string, value: string): void {
    if (this.#paths.at(-1) === ATOM_LINK && (name === 'href' || name === 'rel')) this.#link[name] = value;
  }

  ontext(text: string): void {
    if (this.#text.length <= MAX_URL_LENGTH) this.#text += text;
  }

  onclosetag(): void {
    const path = this.#paths.pop() ?? '';
    if (ENTRIES.has(path)) this.#add(path);
    else if (LOCS.has(path)) this.#entry.loc ??= this.#text.trim();
    else if (LASTMODS.has(path)) this.#entry.lastmod ??= this.#text.trim();
    else if (path === ATOM_LINK && (this.#link.rel ?? 'alternate') === 'alternate') this.#entry.loc ??= this.#link.href;
    this.#text = '';
  }

  #add(path: string): void {
    const isFeed = !path.startsWith('urlset') && !path.startsWith('sitemapindex');
    const loc = absoluteUrl(this.#entry.loc ?? '', isFeed ? this.#url : undefined);
    if (loc === null || this.done) return;
    const { lastmod } = this.#entry;
    this.sitemap.urls.push(lastmod === undefined || lastmod === '' ? { loc } : { loc, lastmod });
    this.done = this.sitemap.urls.length === MAX_URLS;
  }
}

function absoluteUrl(text: string, base?: string): string | null {
  if (text.length === 0 || text.length > MAX_URL_LENGTH) return null;
  if (base === undefined && !/^\s*https?:\/\//i.test(text)) return null;
  const url = URL.parse(text, base);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : null;
}
