import { resolveHttpUrl } from '../formats/links.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { ASIDES, ENTRIES, type Entry, feedPrefix, KINDS, PROSE, ROLES } from './feed-names.ts';
import type { XmlEvents } from './xml-events.ts';

/** A feed or an entry, and the files that come with it, such as a podcast's episode. */
export interface FeedItem extends Entry {
  enclosures: string[];
  /** The address that the relative addresses of its content resolve against. */
  base: string;
}

/** Maximum number of entries that are kept. A sitemap may have 50,000 (sitemaps.org). */
export const MAX_ENTRIES = 50_000;
/** Maximum number of enclosures of one entry. */
export const MAX_ENCLOSURES = 100;
const MAX_AUTHORS = 20;

/** The element whose text is being collected. */
interface Field {
  role: keyof Entry | 'language' | 'aside';
  element: string;
  /** How deep below it the reader is. */
  depth: number;
  text: TextBuilder;
  /** Its text is not HTML. */
  plain: boolean;
}

/** Text as HTML. */
export const escapeMarkup = (text: string): string =>
  inPieces(text, (piece) => piece.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));

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
  #prefix = '';
  /** The names of the entry's authors, and the element that they were in: others repeat them. */
  #authors: { element: string; names: Set<string> } | null = null;
  /** The `xml:base`s of the elements that are open, the document's own address first. */
  readonly #bases: { depth: number; url: string }[];
  #field: Field | null = null;

  constructor(url: string) {
    this.#bases = [{ depth: 0, url }];
    this.feed = { enclosures: [], base: url };
  }

  open(fullName: string, attribs: Record<string, string>): void {
    this.#depth++;
    const base = attribs['xml:base'];
    if (base !== undefined)
      this.#bases.push({ depth: this.#depth, url: resolveHttpUrl(base, this.#base) ?? this.#base });
    if (this.kind === null) this.#openRoot(fullName, attribs);
    const field = this.#field;
    if (field) {
      field.depth++;
      if (PROSE.has(field.role)) field.text.add(`<${localName(fullName)}${attributesOf(attribs)}>`);
      return;
    }
    this.#openElement(this.#own(fullName), attribs);
  }

  #openRoot(name: string, attribs: Record<string, string>): void {
    this.#prefix = feedPrefix(name, attribs);
    const own = this.#own(name);
    this.kind = Object.hasOwn(KINDS, own) ? KINDS[own]! : 'other';
    this.language = attribs['xml:lang'] ?? null;
  }

  /** A name without the prefix of the feed's own elements. */
  #own(name: string): string {
    return this.#prefix !== '' && name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }

  #openElement(name: string, attribs: Record<string, string>): void {
    if (this.#isEntry(name)) this.#begin();
    else if (ASIDES.has(name)) this.#collect('aside', name);
    else if (name === 'author' && this.kind === 'atom') return;
    else if (name === 'language') this.#collect('language', name);
    else if (name === 'enclosure' || isRecording(name, attribs)) this.#enclose(attribs.url);
    else if (name === 'link' && attribs.href !== undefined) this.#link(attribs.href, attribs.rel);
    else if (name === 'guid' && attribs.isPermaLink === 'false') this.#collect('aside', name);
    else if (name === 'content' && this.kind === 'atom') this.#openContent(attribs);
    else if (Object.hasOwn(ROLES, name)) this.#collect(ROLES[name]!, name, this.#isPlain(name, attribs.type));
  }

  /** Content of Atom may stand elsewhere, and be of any type (RFC 4287, section 4.1.3). */
  #openContent({ src, type }: Record<string, string>): void {
    if (src !== undefined) this.#enclose(src);
    const isText = type === undefined || !type.includes('/') || /^text\/|[/+]xml$/i.test(type);
    if (src !== undefined || !isText) this.#collect('aside', 'content');
    else this.#collect('content', 'content', this.#isPlain('content', type));
  }

  get #item(): FeedItem {
    return this.#entry ?? this.feed;
  }

  get #base(): string {
    return this.#bases.at(-1)!.url;
  }

  /** In Atom and Media RSS what has no type is text (RFC 4287, section 3.1.1). */
  #isPlain(name: string, type: string | undefined): boolean {
    if (type !== undefined) return /^(?:text|plain|text\/(?!x?html).*)$/i.test(type);
    return this.kind === 'atom' || name === 'media:description';
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
    this.#authors = null;
    if (this.entryCount++ < MAX_ENTRIES) this.entries.push(this.#entry);
  }

  #isEntry(name: string): boolean {
    return ENTRIES[this.kind ?? '']?.includes(name) ?? false;
  }

  #collect(role: Field['role'], element: string, plain = false): void {
    if (role === 'content' || role === 'summary') this.#item.base = this.#base;
    this.#field = { role, element, depth: 0, text: new TextBuilder(), plain };
  }

  text(data: string): void {
    this.#field?.text.add(this.#field.depth > 0 ? escapeMarkup(data) : data);
  }

  close(name: string): void {
    if (this.#bases.at(-1)!.depth === this.#depth && this.#bases.length > 1) this.#bases.pop();
    this.#depth--;
    const field = this.#field;
    if (field && field.depth > 0) {
      field.depth--;
      if (PROSE.has(field.role)) field.text.add(`</${localName(name)}>`);
    } else if (field) {
      this.#store(field, textOfField(field));
      this.#field = null;
    } else if (this.#isEntry(this.#own(name))) this.#entry = null;
  }

  #store({ role, element }: Field, value: string): void {
    if (role === 'aside' || value === '') return;
    if (role === 'language') this.language ??= value;
    else if (role === 'author') this.#addAuthor(element, value);
    else this.#item[role] ??= role === 'link' ? this.#resolved(value) : value;
  }

  #addAuthor(element: string, name: string): void {
    this.#authors ??= { element, names: new Set() };
    const { names } = this.#authors;
    if (this.#authors.element !== element || names.size === MAX_AUTHORS) return;
    this.#item.author = [...names.add(name)].join(', ');
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

const localName = (name: string): string => name.replace(/^\w+:/, '');

/** What an element says, as HTML. The lines of plain prose are lines. */
function textOfField({ role, plain, text }: Field): string {
  const whole = text.toString().trim();
  if (!plain) return whole;
  const escaped = escapeMarkup(whole);
  return PROSE.has(role) ? inPieces(escaped, (piece) => piece.replaceAll('\n', '<br>')) : escaped;
}

const quoted = (value: string): string =>
  inPieces(escapeMarkup(value), (piece) => piece.replaceAll('"', '&quot;'));

function attributesOf(attribs: Record<string, string>): string {
  return Object.entries(attribs)
    .filter(([name]) => !name.includes(':') && name !== 'xmlns')
    .map(([name, value]) => ` ${name}="${quoted(value)}"`)
    .join('');
}
