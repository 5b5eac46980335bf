import type { Document, Element } from 'domhandler';
import { eachElement, visibleText } from '../dom/index.ts';
import { routeOf } from '../../crawl/route.ts';
import { parseRefresh } from '../decode/refresh.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { MAX_URL_LENGTH } from '../page-url.ts';
import type { DiscoveredLink } from '../types.ts';

/** Schemes that run code in a browser or carry the content itself instead of an address. */
const UNSAFE_SCHEMES = new Set([
  'javascript:',
  'vbscript:',
  'data:',
  'blob:',
  'file:',
  'filesystem:',
  'about:',
]);

const NO_FOLLOW = new Set(['nofollow', 'ugc', 'sponsored']);

/**
 * Percent-encodes what WHATWG URLs leave as it is and what ends or breaks an attribute, a Markdown
 * link or a table cell.
 */
function encodeDelimiters(url: string): string {
  return /[\s<>"`|\\]/.test(url)
    ? inPieces(url, (piece) => piece.replace(/[\s<>"`|\\]/g, encodeURIComponent))
    : url;
}

/**
 * The address that `reference` means on a page at `base` (RFC 3986 section 5, by the WHATWG URL
 * parser), or null when it is not an address or its scheme is not safe to offer (`javascript:`,
 * `data:`, …). Without a usable base, a relative reference stays relative.
 */
export function resolveUrl(reference: string, base: string): string | null {
  const url = URL.parse(reference, base) ?? URL.parse(reference);
  if (url !== null) return UNSAFE_SCHEMES.has(url.protocol) ? null : encodeDelimiters(url.href);
  const relative = reference.trim();
  return URL.canParse(base) || /^[^/?#]*:/.test(relative) ? null : encodeDelimiters(relative);
}

/** Like resolveUrl, but null for everything except http and https. */
export function resolveHttpUrl(reference: string, base: string): string | null {
  const url = URL.parse(reference, base);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:')
    ? encodeDelimiters(url.href)
    : null;
}

/**
 * The URL against which the page's references resolve: its first `<base href>` when that is
 * http(s) and no longer than a page's URL may be, else `pageUrl`.
 */
export function baseUrl(document: Document, pageUrl: string): string {
  let reference: string | undefined;
  eachElement(document.children, (element) => {
    if (element.name === 'base') reference ??= element.attribs['href'];
  });
  const url = reference === undefined ? null : resolveHttpUrl(reference, pageUrl);
  return url !== null && url.length <= MAX_URL_LENGTH ? url : pageUrl;
}

/** A page that reloads itself later than this is a ticker, not a signpost. */
const MAX_REFRESH_SECONDS = 15;

/** Where a `<meta http-equiv=refresh>` sends its reader. */
function refreshTarget({ 'http-equiv': header, content = '' }: Element['attribs']): string | undefined {
  if (header?.trim().toLowerCase() !== 'refresh') return undefined;
  const refresh = parseRefresh(content);
  return refresh !== null && refresh.seconds <= MAX_REFRESH_SECONDS ? refresh.reference : undefined;
}

/** The address that an element sends a reader to. */
function linkOf({ name, attribs }: Element): string | undefined {
  if (name === 'a' || name === 'area') return attribs['href'];
  if (name === 'frame') return attribs['src'];
  return name === 'meta' ? refreshTarget(attribs) : undefined;
}

/** The characters that the texts of a page's links may have, and that are kept of one. */
const MAX_TEXTS = 1024 * 1024;
const MAX_TEXT = 200;

/** Reads the texts of links, until these are too many: links may lie within links. */
class LinkTexts {
  #left = MAX_TEXTS;

  of(element: Element): string | undefined {
    if (this.#left <= 0) return undefined;
    const text = visibleText(element);
    this.#left -= text.length;
    const words = text
      .slice(0, 4 * MAX_TEXT)
      .split(/\s+/)
      .filter(Boolean)
      .join(' ');
    return words.slice(0, MAX_TEXT) || undefined;
  }
}

interface LinkSettings {
  /** Whether each link has its first text. */
  withTexts?: boolean | undefined;
  /** Whether the fragments stay that name pages of an application. */
  keepsRoutes?: boolean;
}

/**
 * Every http(s) link of the page (`a[href]`, `area[href]`, `frame[src]`, a refresh), absolute,
 * without fragment, each URL once, in document order.
 */
export function discoveredLinks(
  document: Document,
  base: string,
  { withTexts = false, keepsRoutes = false }: LinkSettings = {},
): DiscoveredLink[] {
  const texts = withTexts ? new LinkTexts() : null;
  const found = new Map<string, DiscoveredLink>();
  eachElement(document.children, (element) => {
    const { attribs } = element;
    const reference = linkOf(element);
    const resolved = reference === undefined ? null : resolveHttpUrl(reference, base);
    const url = resolved === null ? undefined : withoutPlace(resolved, keepsRoutes);
    if (url === undefined) return;
    const nofollow = (attribs['rel'] ?? '')
      .toLowerCase()
      .split(/\s+/)
      .some((token) => NO_FOLLOW.has(token));
    const earlier: DiscoveredLink | undefined = found.get(url);
    const link = earlier ?? { url, nofollow };
    if (earlier === undefined) found.set(url, link);
    else if (!nofollow) earlier.nofollow = false;
    const text = link.text === undefined ? texts?.of(element) : undefined;
    if (text !== undefined) link.text = text;
  });
  return [...found.values()];
}

function withoutPlace(url: string, keepsRoutes: boolean): string {
  const start = url.indexOf('#');
  if (start === -1) return url;
  return url.slice(0, start) + (keepsRoutes ? routeOf(url.slice(start)) : '');
}

/** The URLs of discoveredLinks alone. */
export function linksOf(document: Document, base: string): string[] {
  return discoveredLinks(document, base).map((link) => link.url);
}
