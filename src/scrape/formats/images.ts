import type { ChildNode, Element } from 'domhandler';
import { eachElement, isElement } from '../dom/index.ts';
import { resolveHttpUrl } from './links.ts';

/** Attributes in which lazy-loading scripts keep an image's address, the most reliable first. */
const LAZY_SOURCES = [
  'data-src',
  'data-lazy-src',
  'data-original',
  'data-original-src',
  'data-lazy',
  'data-lazyload',
  'data-orig-file',
  'data-hi-res-src',
];
/** Attributes that hold an image's address on some sites and other data on others. */
const OTHER_SOURCES = ['data-image', 'data-url'];
const LAZY_SOURCE_SETS = ['data-srcset', 'data-lazy-srcset'];

/** Maximum number of sources read from a `<picture>`. */
const MAX_PICTURE_SOURCES = 40;

export interface SourceCandidate {
  url: string;
  /** `480w` or `2x`, empty where there is none. */
  descriptor: string;
}

/**
 * The candidates of a `srcset` attribute, in order (HTML Standard, "parse a srcset attribute").
 * URLs stay as written.
 */
export function parseSrcset(srcset: string): SourceCandidate[] {
  const candidates: SourceCandidate[] = [];
  let open: SourceCandidate | null = null;
  for (const token of srcset.split(/[ \t\n\f\r]+/)) {
    if (open === null) {
      const url = token.replace(/^,+/, '');
      if (url === '') continue;
      const ends = url.endsWith(',');
      const candidate = { url: ends ? url.replace(/,+$/, '') : url, descriptor: '' };
      candidates.push(candidate);
      open = ends ? null : candidate;
    } else {
      open.descriptor = open.descriptor || token.replace(/,.*$/, '');
      if (!token.includes(',')) continue;
      const rest = token.slice(token.indexOf(',') + 1).replace(/^,+/, '');
      open = null;
      if (rest !== '') candidates.push((open = { url: rest, descriptor: '' }));
    }
  }
  return candidates;
}

function largest(candidates: SourceCandidate[]): string | undefined {
  let best: string | undefined;
  let bestSize = -1;
  for (const { url, descriptor } of candidates) {
    const size = descriptor === '' ? 1 : Number.parseFloat(descriptor);
    if (url.startsWith('data:') || !(size > bestSize)) continue;
    best = url;
    bestSize = size;
  }
  return best;
}

/** The first of the attributes whose value can be an address. */
function firstAttribute(element: Element, names: string[]): string | undefined {
  return names
    .map((name) => element.attribs[name])
    .find((value) => value !== undefined && /[./]/.test(value));
}

/** The `srcset` of an image or source, the lazy one before the plain one. */
export function sourceSet(element: Element): string | undefined {
  return firstAttribute(element, [...LAZY_SOURCE_SETS, 'srcset']);
}

function ownSource(image: Element, base: string): string | null {
  const candidates = parseSrcset(sourceSet(image) ?? '');
  const references = [
    largest(candidates),
    firstAttribute(image, LAZY_SOURCES),
    image.attribs['src'],
    firstAttribute(image, OTHER_SOURCES),
  ];
  for (const reference of references) {
    const url = reference === undefined || reference.trim() === '' ? null : resolveHttpUrl(reference, base);
    if (url !== null) return url;
  }
  return null;
}

/**
 * What the sources of a `<picture>` say. Kept, because a picture may hold any number of images, and
 * each would read them again.
 */
const pictures = new WeakMap<Element, { base: string; url: string | null }>();

function pictureSource(image: Element, base: string): string | null {
  const { parent } = image;
  if (!isElement(parent) || parent.name !== 'picture') return null;
  const known = pictures.get(parent);
  if (known?.base === base) return known.url;
  const url = firstSource(parent, base);
  pictures.set(parent, { base, url });
  return url;
}

function firstSource(picture: Element, base: string): string | null {
  for (const child of picture.children.slice(0, MAX_PICTURE_SOURCES)) {
    const url = isElement(child) && child.name === 'source' ? ownSource(child, base) : null;
    if (url !== null) return url;
  }
  return null;
}

function nextElement(node: ChildNode): Element | null {
  let next = node.next;
  while (next !== null && !isElement(next)) next = next.next;
  return next;
}

function noscriptSource(image: Element, base: string): string | null {
  const next = nextElement(image);
  if (next?.name !== 'noscript') return null;
  let source: string | null = null;
  eachElement(next.children, (element) => {
    if (element.name === 'img' && !isTrackingPixel(element)) source ??= ownSource(element, base);
  });
  return source;
}

const LAZY_CLASS = /(?:^|[\s_-])lazy/i;
const PLACEHOLDER =
  /(?:^|[/_-])(?:1x1|blank|grey|gray|loading|placeholder|pixel|spacer|transparent)[^/]{0,40}$/i;

/** Whether an image that names one address is only there until a script has put another in. */
function isPlaceholder(image: Element): boolean {
  const { src = '', class: classes = '' } = image.attribs;
  if (sourceSet(image) !== undefined || firstAttribute(image, LAZY_SOURCES) !== undefined) return false;
  return LAZY_CLASS.test(classes) || PLACEHOLDER.test(src.slice(-200));
}

/**
 * The absolute http(s) URL of the largest version of an `<img>`: from its `srcset`, a lazy-loading
 * attribute, `src`, the `<picture>` around it, or the `<noscript>` after it, which a placeholder
 * gives way to. Null where none has one; `data:` placeholders do not count.
 */
export function imageSource(image: Element, base: string): string | null {
  const own = ownSource(image, base) ?? pictureSource(image, base);
  if (own !== null && !isPlaceholder(image)) return own;
  return noscriptSource(image, base) ?? own;
}

/** Whether a `<noscript>` holds the image for which the `<img>` before it is a placeholder. */
export function isImageFallback(noscript: Element): boolean {
  let image = noscript.prev;
  while (image !== null && !isElement(image)) image = image.prev;
  if (image?.name !== 'img') return false;
  const anywhere = 'https://localhost/';
  return (
    noscriptSource(image, anywhere) !== null &&
    (isPlaceholder(image) || (ownSource(image, anywhere) ?? pictureSource(image, anywhere)) === null)
  );
}

/** Whether an image is declared to be at most one pixel wide or high. */
export function isTrackingPixel({ attribs }: Element): boolean {
  const tiny = /^\s*[01](?:px)?\s*$/;
  if (tiny.test(attribs['width'] ?? '') || tiny.test(attribs['height'] ?? '')) return true;
  return /(?:^|;)\s*(?:width|height)\s*:\s*[01](?:px)?\s*(?:;|$)/.test(attribs['style'] ?? '');
}
