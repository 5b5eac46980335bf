import { type ChildNode, type Document, type Element, isText } from 'domhandler';
import { isElement } from '../dom/index.ts';
import { resolveHttpUrl } from '../formats/links.ts';
import { storable } from '../storable.ts';
import { robotsOfMetas } from './robots.ts';
import { isRecord, jsonLdOf, microdataOf, textOf } from './structured-data.ts';
import type { Extraction, Metadata } from '../types.ts';

const MAX_TITLE = 1_000;
const MAX_VALUE = 5_000;
const MAX_URL = 4_096;
const MAX_SOCIAL_KEYS = 100;
const MAX_LIST = 100;

/** The elements that say something about the page. */
interface Head {
  html: Element | null;
  metas: Element[];
  links: Element[];
  title: Element | null;
  h1: Element | null;
  jsonLd: string[];
}

/** One walk over the document in order, with an explicit stack. */
function collectHead(document: Document): Head {
  const head: Head = { html: null, metas: [], links: [], title: null, h1: null, jsonLd: [] };
  const stack: ChildNode[] = document.children.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (!isElement(node)) continue;
    if (node.name === 'meta') head.metas.push(node);
    else if (node.name === 'link') head.links.push(node);
    else if (node.name === 'title') head.title ??= node;
    else if (node.name === 'h1') head.h1 ??= node;
    else if (node.name === 'html') head.html ??= node;
    else if (node.name === 'script' && /^\s*application\/ld\+json\b/i.test(node.attribs.type ?? '')) {
      head.jsonLd.push(node.children.map((child) => (isText(child) ? child.data : '')).join(''));
    }
    if (node.name === 'svg') continue;
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
  return head;
}

const clean = (text: string | undefined, limit: number): string | null =>
  text === undefined
    ? null
    : storable(
        text
          .slice(0, limit * 4)
          .replace(/\s+/g, ' ')
          .trim()
          .slice(0, limit),
      ) || null;

/** The absolute http(s) URL of a reference, or null where it is none or absurdly long. */
function absoluteUrl(href: string | undefined, base: string): string | null {
  if (href === undefined || href.trim() === '' || href.length > MAX_URL) return null;
  const url = resolveHttpUrl(href, base);
  return url !== null && url.length <= MAX_URL ? url : null;
}

/**
 * The `content` of every `<meta>` by its lower-case `property`, `name`, `http-equiv` or
 * `itemprop:…`; the first that is not blank wins.
 */
function metaValues(metas: Element[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const { attribs } of metas) {
    const content = clean(attribs.content, MAX_VALUE);
    if (content === null) continue;
    const itemprop = attribs.itemprop && `itemprop:${attribs.itemprop}`;
    for (const name of [attribs.property, attribs.name, attribs['http-equiv'], itemprop]) {
      const key = name?.slice(0, 100).trim().toLowerCase();
      if (key && !values.has(key)) values.set(key, content);
    }
  }
  return values;
}

/**
 * `og:image:width` becomes `og_image_width`: all of Open Graph and Twitter cards, URLs made
 * absolute.
 */
function socialCards(meta: Map<string, string>, base: string): Record<string, string> {
  const cards: Record<string, string> = {};
  let count = 0;
  for (const [key, value] of meta) {
    if (!/^(?:og|twitter)[:.][a-z0-9:._-]{1,60}$/.test(key) || count++ >= MAX_SOCIAL_KEYS) continue;
    const isUrl = /(?::(?:url|secure_url|src|player)|[:.](?:image|video|audio))$/.test(key);
    const taken = isUrl ? absoluteUrl(value, base) : value;
    if (taken !== null) cards[key.replace(/[^a-z0-9]+/g, '_')] = taken;
  }
  return cards;
}

/** A BCP 47 tag in canonical case; what is not well-formed is passed on as it stands. */
function languageTag(tag: string | null | undefined): string | null {
  const first = tag?.split(',')[0]!.trim().slice(0, 35).replaceAll('_', '-');
  if (!first) return null;
  try {
    return Intl.getCanonicalLocales(first)[0] ?? null;
  } catch {
    return first;
  }
}

const relOf = (link: Element): string[] => (link.attribs.rel ?? '').toLowerCase().split(/\s+/);

/** What `<link>` elements say: canonical, icon, feeds, translations. */
function linkedResources(links: Element[], base: string) {
  const found = {
    canonical: null as string | null,
    icon: null as string | null,
    touchIcon: null as string | null,
    feeds: [] as { url: string; title: string | null; type: string }[],
    alternates: [] as { hreflang: string; url: string }[],
  };
  for (const link of links) {
    const url = absoluteUrl(link.attribs.href, base);
    if (url === null) continue;
    const rel = relOf(link);
    const type = (link.attribs.type ?? '').trim().toLowerCase();
    const hreflang = link.attribs.hreflang?.trim().slice(0, 35);
    if (rel.includes('canonical')) found.canonical ??= url;
    else if (rel.includes('icon')) found.icon ??= url;
    else if (rel.some((token) => token.startsWith('apple-touch-icon'))) found.touchIcon ??= url;
    else if (!rel.includes('alternate') || rel.includes('stylesheet')) continue;
    else if (/^application\/(?:rss|atom|feed)\+(?:xml|json)$/.test(type)) {
      if (found.feeds.length < MAX_LIST)
        found.feeds.push({ url, title: clean(link.attribs.title, MAX_TITLE), type });
    } else if (hreflang && found.alternates.length < MAX_LIST) found.alternates.push({ hreflang, url });
  }
  return found;
}

/**
 * The first string under one of the keys in the JSON-LD objects; a person or organisation stands
 * for its name.
 */
function fromJsonLd(entries: Record<string, unknown>[], key: string): string | null {
  for (const entry of entries) {
    const value: unknown = Array.isArray(entry[key]) ? entry[key][0] : entry[key];
    const text = isRecord(value) ? value['name'] : value;
    if (typeof text === 'string' && text.trim() !== '') return clean(text, MAX_VALUE);
  }
  return null;
}

/** What JSON-LD says of the site around the page, not of the page. */
const AROUND_THE_PAGE = new Set(
  'WebSite WebPage Organization Corporation BreadcrumbList SiteNavigationElement ImageObject Person'.split(
    ' ',
  ),
);

/** What the page is about by its JSON-LD, like `NewsArticle` or `Product`. */
function typeOf(jsonLd: Record<string, unknown>[]): string | null {
  const types = jsonLd
    .flatMap((entry) => entry['@type'])
    .filter((type) => typeof type === 'string')
    .map((type) => type.replace(/^https?:\/\/schema\.org\//, ''));
  const type = types.find((name) => !AROUND_THE_PAGE.has(name)) ?? types[0];
  return clean(type, MAX_TITLE);
}

const isUrl = (text: string): boolean => /^https?:/i.test(text);

/** Leaves out what is null or empty. */
function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/**
 * All that a page says about itself, URLs absolute, every part bounded. The four fields of Metadata
 * are always there; the rest only where the page has it.
 */
export function metadataOf(document: Document, base: string): Pick<Extraction, 'metadata' | 'robots'> {
  const head = collectHead(document);
  const meta = metaValues(head.metas);
  const links = linkedResources(head.links, base);
  const jsonLd = jsonLdOf(head.jsonLd);
  const first = (...keys: string[]): string | null => {
    for (const key of keys) if (meta.has(key)) return meta.get(key)!;
    return null;
  };
  const titleTag = head.title && textOf(head.title, MAX_TITLE);
  const author = first('author', 'article:author', 'dc.creator', 'dcterms.creator', 'byl', 'parsely-author');

  const metadata: Metadata = {
    title: titleTag || first('og:title', 'twitter:title') || (head.h1 && textOf(head.h1, MAX_TITLE)) || null,
    description: first('description', 'og:description', 'twitter:description', 'dc.description'),
    language:
      languageTag(head.html?.attribs.lang ?? head.html?.attribs['xml:lang']) ??
      languageTag(first('content-language', 'og:locale', 'language', 'dc.language')),
    canonical_url: links.canonical,
    ...present({
      type: typeOf(jsonLd),
      site_name: first('og:site_name', 'application-name', 'twitter:app:name:iphone'),
      author: author && !isUrl(author) ? author : fromJsonLd(jsonLd, 'author'),
      published_time:
        first(
          'article:published_time',
          'itemprop:datepublished',
          'date',
          'pubdate',
          'publishdate',
          'dc.date',
          'dcterms.created',
        ) ?? fromJsonLd(jsonLd, 'datePublished'),
      modified_time:
        first(
          'article:modified_time',
          'og:updated_time',
          'itemprop:datemodified',
          'last-modified',
          'dcterms.modified',
        ) ?? fromJsonLd(jsonLd, 'dateModified'),
      section: first('article:section'),
      keywords: (first('keywords', 'news_keywords') ?? '')
        .split(/[,;，、]/)
        .map((word) => word.trim())
        .filter(Boolean)
        .slice(0, MAX_LIST),
      favicon: links.icon ?? links.touchIcon,
      robots: first('robots'),
      generator: first('generator'),
      feeds: links.feeds,
      alternates: links.alternates,
      ...socialCards(meta, base),
      json_ld: jsonLd,
      microdata: microdataOf(document, (href) => absoluteUrl(href, base)),
    }),
  };
  return { metadata, robots: robotsOfMetas(head.metas.map(({ attribs }) => attribs)) };
}
