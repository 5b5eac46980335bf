import { TextDecoder } from 'node:util';
import { constants, createGunzip } from 'node:zlib';
import { Parser, type Handler } from 'htmlparser2';
import { MAX_URL_LENGTH } from './normalise.ts';

/** The limits of sitemaps.org: decoded octets and URLs of one file. */
const MAX_DECODED_BYTES = 50 * 1024 * 1024;
const MAX_URLS = 50_000;

/** No sitemap or feed nests deeper; the parser's own stack costs its depth with every tag. */
const MAX_ELEMENT_DEPTH = 32;
const CHUNK_BYTES = 64 * 1024;
/** Chunks that a comment, a section or a tag may take. */
const MAX_OPEN_CHUNKS = 16;

export interface Sitemap {
  /** What the URLs are: pages (`urlset`: XML or a feed; `text`: one a line), or further sitemaps (`index`). */
  kind: 'urlset' | 'index' | 'text';
  /** Absolute http(s) URLs. */
  urls: string[];
}

/** What is no sitemap, or cannot be had. */
export const NO_SITEMAP: Readonly<Sitemap> = { kind: 'urlset', urls: [] };

/**
 * Reads a sitemap after sitemaps.org: XML, an index, plain text, or an RSS or Atom feed, gzipped or not (told by the
 * first octets, not by the name). At most 50,000 URLs out of the first 50 MiB, in the memory of these URLs; an entry that is cut off is
 * dropped, and so are locs that are relative, not http(s), or too long. The links of feeds may be relative to `url`. The URLs
 * are not normalised. Never throws: what is no sitemap has no URLs.
 */
export async function parseSitemap(body: Buffer, url: string): Promise<Readonly<Sitemap>> {
  let decoder: TextDecoder | undefined;
  let reader: SitemapReader | undefined;
  for await (const octets of decoded(body)) {
    decoder ??= new TextDecoder(encodingOf(octets));
    const text = decoder.decode(octets, { stream: true });
    reader ??= text.trimStart().startsWith('<') ? new XmlReader(url) : new TextReader();
    reader.read(text);
    if (reader.done) break;
  }
  reader?.end();
  return reader?.sitemap ?? NO_SITEMAP;
}

/** The octets in pieces, up to the limit. Gzip that ends early gives what there is of it; where it goes wrong, what came just before is lost. */
async function* decoded(body: Buffer): AsyncGenerator<Buffer> {
  let left = MAX_DECODED_BYTES;
  for await (const piece of isGzip(body) ? gunzipped(body) : pieces(body)) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) return;
  }
}

function isGzip(body: Buffer): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

function* pieces(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += CHUNK_BYTES) yield body.subarray(at, at + CHUNK_BYTES);
}

async function* gunzipped(body: Buffer): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  gunzip.end(body);
  try {
    for await (const piece of gunzip) yield piece as Buffer;
  } catch {
    // Not gzip from here on.
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

function encodingOf(bytes: Buffer): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
}

/** Takes the text of a sitemap piece by piece. */
interface SitemapReader {
  readonly sitemap: Sitemap;
  /** Nothing that is still to come counts. */
  readonly done: boolean;
  read(text: string): void;
  /** Nothing more comes. */
  end(): void;
}

/** One URL a line. */
class TextReader implements SitemapReader {
  readonly sitemap: Sitemap = { kind: 'text', urls: [] };
  #line = '';

  get done(): boolean {
    return this.sitemap.urls.length === MAX_URLS;
  }

  read(text: string): void {
    const lines = (this.#line + text).split(/[\r\n]+/);
    this.#line = lines.pop()!.slice(0, MAX_URL_LENGTH + 1);
    for (const line of lines) this.#add(line);
  }

  end(): void {
    this.#add(this.#line);
  }

  #add(line: string): void {
    const loc = absoluteUrl(line);
    if (loc !== null && !this.done) this.sitemap.urls.push(loc);
  }
}

class XmlReader implements SitemapReader {
  readonly #handler: SitemapHandler;
  readonly #parser: Parser;

  constructor(url: string) {
    this.#handler = new SitemapHandler(url);
    this.#parser = new Parser(this.#handler, { xmlMode: true });
  }

  get sitemap(): Sitemap {
    return this.#handler.sitemap;
  }

  // The parser keeps what was written since the beginning of a comment, a section or a tag. It gathers an attribute's value piece by
  // piece, some thirty bytes of memory for each entity in it.
  get done(): boolean {
    const open = this.#parser['attribvalue'].length > CHUNK_BYTES || this.#parser['buffers'].length > MAX_OPEN_CHUNKS;
    return this.#handler.done || open;
  }

  read(text: string): void {
    this.#parser.write(text);
  }

  // The parser is never told: it would close what is open, and half a URL would count as one.
  end(): void {}
}

/** Where, from the root element down, an entry and its fields are. */
const ENTRIES = new Set(['urlset/url', 'sitemapindex/sitemap', 'rss/channel/item', 'rdf/item', 'feed/entry']);
const LOCS = new Set(['urlset/url/loc', 'sitemapindex/sitemap/loc', 'rss/channel/item/link', 'rdf/item/link']);
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
  #loc: string | undefined;

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
    if (ENTRIES.has(path)) this.#loc = undefined;
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
    else if (LOCS.has(path)) this.#loc ??= this.#text.trim();
    else if (path === ATOM_LINK && (this.#link.rel ?? 'alternate') === 'alternate') this.#loc ??= this.#link.href;
    this.#text = '';
  }

  #add(path: string): void {
    const isFeed = !path.startsWith('urlset') && !path.startsWith('sitemapindex');
    const loc = absoluteUrl(this.#loc ?? '', isFeed ? this.#url : undefined);
    if (loc === null || this.done) return;
    this.sitemap.urls.push(loc);
    this.done = this.sitemap.urls.length === MAX_URLS;
  }
}

/** An address that a sitemap, or whoever names one, gives: in full and http(s), else null. Only where there is a `base` it may be relative. */
export function absoluteUrl(text: string, base?: string): string | null {
  if (text.length === 0 || text.length > MAX_URL_LENGTH) return null;
  if (base === undefined && !/^\s*https?:\/\//i.test(text)) return null;
  const url = URL.parse(text, base);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : null;
}
