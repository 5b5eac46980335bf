import { resolveHttpUrl } from '../formats/links.ts';
import type { XmlEvents } from './xml-events.ts';

/** The values that a feed, an entry or a sitemap's address has, by role. */
interface Entry {
  title?: string;
  link?: string;
  id?: string;
  date?: string;
  updated?: string;
  author?: string;
  summary?: string;
  content?: string;
}

/** A feed or an entry, and the files that come with it, such as a podcast's episode. */
export interface FeedItem extends Entry {
  enclosures: string[];
  /** The address that the relative addresses of its content resolve against. */
  base: string;
}

const KINDS: Record<string, string> = {
  rss: 'rss',
  feed: 'atom',
  'rdf:RDF': 'rss',
  urlset: 'sitemap',
  sitemapindex: 'sitemap_index',
};
const ENTRIES: Record<string, string[]> = {
  rss: ['item'],
  atom: ['entry'],
  sitemap: ['url'],
  sitemap_index: ['sitemap'],
};
/** Elements whose titles and links do not belong to the entry or feed around them. */
const ASIDES = new Set([
  'image',
  'textInput',
  'textinput',
  'source',
  'image:image',
  'video:video',
  'news:news',
]);
/** What the elements of RSS 0.9–2.0, Atom (RFC 4287), Dublin Core and sitemaps.org stand for. */
const ROLES: Record<string, keyof Entry> = {
  title: 'title',
  link: 'link',
  loc: 'link',
  guid: 'id',
  pubDate: 'date',
  published: 'date',
  updated: 'updated',
  lastmod: 'date',
  'dc:date': 'date',
  author: 'author',
  name: 'author',
  'dc:creator': 'author',
  description: 'summary',
  subtitle: 'summary',
  summary: 'summary',
  'content:encoded': 'content',
  content: 'content',
};

/** Maximum number of entries that are kept. A sitemap may have 50,000 (sitemaps.org). */
export const MAX_ENTRIES = 50_000;
/** Maximum number of enclosures of one entry. */
export const MAX_ENCLOSURES = 100;

/** Text as HTML. */
export const escapeMarkup = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Reads a feed in one pass. It builds no tree, so nesting costs nothing. */
export class FeedReader implements XmlEvents {
  kind: string | null = null;
  language: string | null = null;
  readonly feed: FeedItem;
  readonly entries: FeedItem[] = [];
  /** The number of entries in the feed, including those beyond MAX_ENTRIES. */
  entryCount = 0;
  #entry: FeedItem | null = null;
  #depth = 0;
  /** The `xml:base`s of the elements that are open, the document's own address first. */
  readonly #bases: { depth: number; url: string }[];
  /**
   * The element whose text is being collected, how deep below it the reader is, and whether its
   * text is not HTML.
   */
  #field: { role: keyof Entry | 'language' | 'aside'; depth: number; text: string; plain: boolean } | null =
    null;

  constructor(url: string) {
    this.#bases = [{ depth: 0, url }];
    this.feed = { enclosures: [], base: url };
  }

  open(name: string, attribs: Record<string, string>): void {
    this.#depth++;
    const base = attribs['xml:base'];
    if (base !== undefined)
      this.#bases.push({ depth: this.#depth, url: resolveHttpUrl(base, this.#base) ?? this.#base });
    if (this.kind === null) {
      this.kind = Object.hasOwn(KINDS, name) ? KINDS[name]! : 'other';
      this.language = attribs['xml:lang'] ?? null;
    }
    const field = this.#field;
    if (field) {
      field.depth++;
      if (field.role === 'content' || field.role === 'summary')
        field.text += `<${name.replace(/^\w+:/, '')}${hrefOf(attribs)}>`;
      return;
    }
    if (this.#isEntry(name)) this.#begin();
    else if (ASIDES.has(name)) this.#collect('aside');
    else if (name === 'author' && this.kind === 'atom') return;
    else if (name === 'language') this.#collect('language');
    else if (name === 'enclosure' || isRecording(name, attribs)) this.#enclose(attribs.url);
    else if (name === 'link' && attribs.href !== undefined) this.#link(attribs.href, attribs.rel);
    else if (Object.hasOwn(ROLES, name)) this.#collect(ROLES[name]!, this.#isPlain(attribs.type));
  }

  get #item(): FeedItem {
    return this.#entry ?? this.feed;
  }

  get #base(): string {
    return this.#bases.at(-1)!.url;
  }

  /** In Atom what has no type is text (RFC 4287, section 3.1.1). */
  #isPlain(type: string | undefined): boolean {
    return type === 'text' || (type === undefined && this.kind === 'atom');
  }

  #link(href: string, rel = 'alternate'): void {
    if (rel === 'enclosure') this.#enclose(href);
    else if (rel === 'alternate') this.#item.link ??= resolveHttpUrl(href, this.#base) ?? href;
  }

  #enclose(address: string | undefined): void {
    const url = address === undefined ? null : resolveHttpUrl(address, this.#base);
    const { enclosures } = this.#item;
    if (url === null || enclosures.length >= MAX_ENCLOSURES || enclosures.includes(url)) return;
    enclosures.push(url);
  }

  #begin(): void {
    this.#entry = { enclosures: [], base: this.#base };
    if (this.entryCount++ < MAX_ENTRIES) this.entries.push(this.#entry);
  }

  #isEntry(name: string): boolean {
    return ENTRIES[this.kind ?? '']?.includes(name) ?? false;
  }

  #collect(role: keyof Entry | 'language' | 'aside', plain = false): void {
    if (role === 'content' || role === 'summary') this.#item.base = this.#base;
    this.#field = { role, depth: 0, text: '', plain };
  }

  text(data: string): void {
    if (this.#field) this.#field.text += this.#field.depth > 0 ? escapeMarkup(data) : data;
  }

  close(name: string): void {
    if (this.#bases.at(-1)!.depth === this.#depth && this.#bases.length > 1) this.#bases.pop();
    this.#depth--;
    const field = this.#field;
    if (field && field.depth > 0) {
      field.depth--;
      if (field.role === 'content' || field.role === 'summary')
        field.text += `</${name.replace(/^\w+:/, '')}>`;
    } else if (field) {
      this.#store(field.role, field.plain ? escapeMarkup(field.text.trim()) : field.text.trim());
      this.#field = null;
    } else if (this.#isEntry(name)) this.#entry = null;
  }

  #store(role: keyof Entry | 'language' | 'aside', value: string): void {
    if (role === 'aside' || value === '') return;
    if (role === 'language') this.language ??= value;
    else this.#item[role] ??= role === 'link' ? this.#resolved(value) : value;
  }

  /** An address that is text, against an `xml:base` where there is one. */
  #resolved(address: string): string {
    return this.#bases.length > 1 ? (resolveHttpUrl(address, this.#base) ?? address) : address;
  }
}

/** Whether an element is a recording of Media RSS, which has pictures and pages as well. */
function isRecording(name: string, { type, medium }: Record<string, string>): boolean {
  if (name !== 'media:content') return false;
  const kind = medium ?? type?.split('/')[0]?.trim().toLowerCase();
  return kind === undefined || kind === 'audio' || kind === 'video';
}

const quoted = (value: string): string => escapeMarkup(value).replaceAll('"', '&quot;');

function hrefOf({ href, src }: Record<string, string>): string {
  return (
    (href === undefined ? '' : ` href="${quoted(href)}"`) + (src === undefined ? '' : ` src="${quoted(src)}"`)
  );
}
