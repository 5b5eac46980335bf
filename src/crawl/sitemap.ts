import { Parser, type Handler } from 'htmlparser2';
import { MAX_URL_LENGTH } from './normalise.ts';
import { sitemapText } from './sitemap-text.ts';

/** The limit of sitemaps.org for one file. */
const MAX_URLS = 50_000;

/** No sitemap or feed nests deeper; the parser's own stack costs its depth with every tag. */
const MAX_ELEMENT_DEPTH = 32;
/** Pieces that a comment, a section or a tag may take. */
const MAX_OPEN_PIECES = 64;
const MAX_ATTRIBUTE_LENGTH = 64 * 1024;
/** The names of what is open are kept, twice. */
const MAX_NAME_LENGTH = 256;
const MAX_DATE_LENGTH = 40;
/** A date of W3C, which may have a time; of what is written in another way, the day. */
const DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T[\d:.]{5,20}(?:Z|[+-]\d\d:\d\d))?)?)?$/;
const DAY = /^\d{4}-\d\d-\d\d(?=[T ])/;

/** Some of what a sitemap lists. */
export interface Sitemap {
  /**
   * What the URLs are: pages (`urlset`: XML or a feed; `text`: one a line), or further sitemaps
   * (`index`).
   */
  kind: 'urlset' | 'index' | 'text';
  /** Absolute http(s) URLs. */
  urls: string[];
  /** When those of them last changed for which it says so: a date, or a date with its time. */
  lastmod: Map<string, string>;
}

/**
 * Reads a sitemap after sitemaps.org while it arrives: XML, an index, plain text, or an RSS or Atom
 * feed, gzipped or not (told by the first octets, not by the name). Yields what it has found after
 * each piece, at most 50,000 URLs out of the first 50 MiB. An entry that is cut off is dropped, and
 * so are locs that are not http(s), or too long. In XML they may be relative to `url`. The URLs are
 * not normalised. What is no sitemap has no URLs; throws only what `body` does.
 */
export async function* parseSitemap(body: AsyncIterable<Buffer>, url: string): AsyncGenerator<Sitemap> {
  let reader: SitemapReader | undefined;
  for await (const text of sitemapText(body)) {
    reader ??= text.trimStart().startsWith('<') ? new XmlReader(url) : new TextReader();
    reader.read(text);
    yield reader.found.take();
    if (reader.done) return;
  }
  if (!reader) return;
  reader.end();
  yield reader.found.take();
}

/** What has been found in a sitemap and not been taken yet. */
class Found {
  kind: Sitemap['kind'];
  #urls: string[] = [];
  #lastmod = new Map<string, string>();
  #count = 0;

  constructor(kind: Sitemap['kind']) {
    this.kind = kind;
  }

  get full(): boolean {
    return this.#count === MAX_URLS;
  }

  add(loc: string | null, lastmod = ''): void {
    if (loc === null || this.full) return;
    this.#urls.push(loc);
    const changed = DATE.test(lastmod) ? lastmod : DAY.exec(lastmod)?.[0];
    if (changed !== undefined) this.#lastmod.set(loc, changed);
    this.#count++;
  }

  take(): Sitemap {
    const taken = { kind: this.kind, urls: this.#urls, lastmod: this.#lastmod };
    this.#urls = [];
    this.#lastmod = new Map();
    return taken;
  }
}

/** Takes the text of a sitemap piece by piece. */
interface SitemapReader {
  readonly found: Found;
  /** Nothing that is still to come counts. */
  readonly done: boolean;
  read(text: string): void;
  /** Nothing more comes. */
  end(): void;
}

/** One URL a line. */
class TextReader implements SitemapReader {
  readonly found = new Found('text');
  #line = '';

  get done(): boolean {
    return this.found.full;
  }

  read(text: string): void {
    const lines = (this.#line + text).split(/[\r\n]+/);
    this.#line = lines.pop()!.slice(0, MAX_URL_LENGTH + 1);
    for (const line of lines) this.found.add(absoluteUrl(line));
  }

  end(): void {
    this.found.add(absoluteUrl(this.#line));
  }
}

class XmlReader implements SitemapReader {
  readonly #handler: SitemapHandler;
  readonly #parser: Parser;

  constructor(url: string) {
    this.#handler = new SitemapHandler(url);
    this.#parser = new Parser(this.#handler, { xmlMode: true });
  }

  get found(): Found {
    return this.#handler.found;
  }

  // The parser keeps what was written since the beginning of a comment, a section or a tag. It
  // gathers an attribute's value piece by piece, some thirty bytes of memory for each entity in it.
  get done(): boolean {
    const open =
      this.#parser['attribvalue'].length > MAX_ATTRIBUTE_LENGTH ||
      this.#parser['buffers'].length > MAX_OPEN_PIECES;
    return this.found.full || this.#handler.givenUp || open;
  }

  read(text: string): void {
    this.#parser.write(text);
  }

  // The parser is never told: it would close what is open, and half a URL would count as one.
  end(): void {}
}

/** Where, from the root element down, an entry and its fields are. */
const ENTRIES = new Set(['urlset/url', 'sitemapindex/sitemap', 'rss/channel/item', 'rdf/item', 'feed/entry']);
const LOCS = new Set([
  'urlset/url/loc',
  'sitemapindex/sitemap/loc',
  'rss/channel/item/link',
  'rdf/item/link',
]);
const PERMALINK = 'rss/channel/item/guid';
const LASTMODS = new Set(['urlset/url/lastmod', 'feed/entry/updated']);
const ATOM_LINK = 'feed/entry/link';

/** Collects entries while the parser runs: no document is built. */
class SitemapHandler implements Partial<Handler> {
  readonly found = new Found('urlset');
  givenUp = false;
  readonly #url: string;
  #parser: Parser | undefined;
  readonly #paths: string[] = [];
  #prefix = '';
  #text = '';
  #link: { href?: string; rel?: string } = {};
  /** The id of an item, which is its address where it has no link and nothing says otherwise. */
  #permalink: string | undefined;
  #isPermalink = true;
  #loc: string | undefined;
  #lastmod: string | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  onparserinit(parser: Parser): void {
    this.#parser = parser;
  }

  onopentagname(tag: string): void {
    if (tag.length > MAX_NAME_LENGTH || this.#paths.length === MAX_ELEMENT_DEPTH) return this.#giveUp();
    const name = tag.toLowerCase();
    if (this.#paths.length === 0) this.#prefix = name.slice(0, name.indexOf(':') + 1);
    const localName = name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
    const parent = this.#paths.at(-1);
    const path = parent === undefined ? localName : `${parent}/${localName}`;
    this.#paths.push(path);
    if (path === 'sitemapindex') this.found.kind = 'index';
    if (ENTRIES.has(path)) this.#loc = this.#lastmod = this.#permalink = undefined;
    if (path === PERMALINK) this.#isPermalink = true;
    this.#text = '';
    this.#link = {};
  }

  onattribute(name: string, value: string): void {
    if (this.#paths.at(-1) === ATOM_LINK && (name === 'href' || name === 'rel')) this.#link[name] = value;
    if (name === 'isPermaLink' && value === 'false') this.#isPermalink = false;
  }

  ontext(text: string): void {
    if (this.#text.length <= MAX_URL_LENGTH) this.#text += text;
  }

  onclosetag(): void {
    const path = this.#paths.pop() ?? '';
    if (ENTRIES.has(path)) this.#add();
    else if (LOCS.has(path)) this.#loc ??= this.#text.trim();
    else if (path === PERMALINK && this.#isPermalink && /^\s*https?:/.test(this.#text))
      this.#permalink = this.#text.trim();
    else if (LASTMODS.has(path)) this.#lastmod ??= this.#text.trim().slice(0, MAX_DATE_LENGTH);
    else if (path === ATOM_LINK && (this.#link.rel ?? 'alternate') === 'alternate')
      this.#loc ??= this.#link.href;
    this.#text = '';
  }

  /** At once: each further tag of the piece would cost its depth, or its length. */
  #giveUp(): void {
    this.givenUp = true;
    this.#parser?.pause();
  }

  #add(): void {
    const loc = absoluteUrl(this.#loc || this.#permalink || '', this.#url);
    if (!this.givenUp) this.found.add(loc, this.#lastmod);
  }
}

/**
 * An address in a sitemap, or of one: absolute and http(s), else null. With a `base` it may be
 * relative.
 */
export function absoluteUrl(text: string, base?: string): string | null {
  if (text.length === 0 || text.length > MAX_URL_LENGTH) return null;
  if (base === undefined && !/^\s*https?:\/\//i.test(text)) return null;
  const url = URL.parse(text, base);
  return url !== null && /^https?:$/.test(url.protocol) ? url.href : null;
}
