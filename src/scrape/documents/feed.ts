import type { ChildNode } from 'domhandler';
import { parseHtml } from '../dom/index.ts';
import { resolveHttpUrl } from '../formats/links.ts';
import { removeNoise } from '../main-content/index.ts';
import { textOf } from '../metadata/structured-data.ts';
import { type Content, plainMetadata } from './content.ts';
import { contentOfNodes, element } from './nodes.ts';
import { readXmlEvents, type XmlEvents } from './xml-events.ts';

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
/** Elements with titles and links of something else than the entry or feed that they stand in. */
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

/** Entries of a feed that are read. A sitemap may have 50,000 (sitemaps.org). */
const MAX_ENTRIES = 50_000;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Reads a feed in one pass without building a tree, so that nesting costs nothing. */
class FeedReader implements XmlEvents {
  kind: string | null = null;
  language: string | null = null;
  readonly feed: Entry = {};
  readonly entries: Entry[] = [];
  /** The entries that the feed has, also those that are too many to be kept. */
  entryCount = 0;
  #entry: Entry | null = null;
  /** The element whose text is being collected, how deep below it the reader is, and whether its text is not HTML. */
  #field: { role: keyof Entry | 'language' | 'aside'; depth: number; text: string; plain: boolean } | null =
    null;

  open(name: string, attribs: Record<string, string>): void {
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
    else if (name === 'link' && attribs.href !== undefined) {
      if (attribs.rel === undefined || attribs.rel === 'alternate')
        (this.#entry ?? this.feed).link ??= attribs.href;
    } else if (Object.hasOwn(ROLES, name)) this.#collect(ROLES[name]!, attribs.type === 'text');
  }

  #begin(): void {
    this.#entry = {};
    if (this.entryCount++ < MAX_ENTRIES) this.entries.push(this.#entry);
  }

  #isEntry(name: string): boolean {
    return ENTRIES[this.kind ?? '']?.includes(name) ?? false;
  }

  #collect(role: keyof Entry | 'language' | 'aside', plain = false): void {
    this.#field = { role, depth: 0, text: '', plain };
  }

  text(data: string): void {
    if (this.#field) this.#field.text += this.#field.depth > 0 ? escape(data) : data;
  }

  close(name: string): void {
    const field = this.#field;
    if (field && field.depth > 0) {
      field.depth--;
      if (field.role === 'content' || field.role === 'summary')
        field.text += `</${name.replace(/^\w+:/, '')}>`;
    } else if (field) {
      this.#store(field.role, field.plain ? escape(field.text.trim()) : field.text.trim());
      this.#field = null;
    } else if (this.#isEntry(name)) this.#entry = null;
  }

  #store(role: keyof Entry | 'language' | 'aside', value: string): void {
    if (role === 'aside' || value === '') return;
    if (role === 'language') this.language ??= value;
    else (this.#entry ?? this.feed)[role] ??= value;
  }
}

const quoted = (value: string): string => escape(value).replaceAll('"', '&quot;');

function hrefOf({ href, src }: Record<string, string>): string {
  return (
    (href === undefined ? '' : ` href="${quoted(href)}"`) + (src === undefined ? '' : ` src="${quoted(src)}"`)
  );
}

/** The nodes of a piece of HTML, without scripts and hidden parts. */
function fragment(html: string): ChildNode[] {
  const document = parseHtml(html);
  removeNoise(document);
  return document.children;
}

const inlineText = (html: string | undefined): string =>
  textOf(element('div', {}, parseHtml(html ?? '').children), 1000);

function linkOf({ link, id }: Entry): string | undefined {
  return link ?? (id && /^https?:/.test(id) ? id : undefined);
}

function entryNodes(entry: Entry): ChildNode[] {
  const link = linkOf(entry);
  const title = inlineText(entry.title) || link || 'Untitled';
  const byline = [entry.date ?? entry.updated, inlineText(entry.author)].filter(Boolean).join(' · ');
  const heading = element('h2', {}, [link === undefined ? title : element('a', { href: link }, [title])]);
  const content = fragment(entry.content ?? entry.summary ?? '');
  return [heading, ...(byline === '' ? [] : [element('p', {}, [byline])]), element('div', {}, content)];
}

function sitemapNodes(entries: Entry[]): ChildNode[] {
  const items = entries.filter(({ link }) => link !== undefined);
  return [
    element(
      'ul',
      {},
      items.map(({ link, date }) =>
        element('li', {}, [
          element('a', { href: link! }, [link!]),
          ...(date === undefined ? [] : [` ${date}`]),
        ]),
      ),
    ),
  ];
}

/** An RSS, RDF or Atom feed or a sitemap as a list of its entries, or null where the XML is something else. */
export function readFeed(xml: string, url: string): Content | null {
  const reader = new FeedReader();
  readXmlEvents(xml, reader);
  const { kind, feed, entries, entryCount, language } = reader;
  if (kind === null || kind === 'other') return null;

  const sitemap = kind.startsWith('sitemap');
  const title = inlineText(feed.title) || null;
  const summary = inlineText(feed.summary) || null;
  const metadata = plainMetadata({
    title,
    description: summary,
    language: language?.slice(0, 35) ?? null,
    feed_type: kind,
    entry_count: entryCount,
  });
  const site = feed.link === undefined ? null : resolveHttpUrl(feed.link, url);
  if (site !== null) metadata.site_url = site;
  const nodes = [
    ...(title === null ? [] : [element('h1', {}, [title])]),
    ...(summary === null ? [] : [element('p', {}, [summary])]),
    ...(sitemap ? sitemapNodes(entries) : entries.flatMap(entryNodes)),
  ];
  return contentOfNodes(nodes, url, metadata);
}
