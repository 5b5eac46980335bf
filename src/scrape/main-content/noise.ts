import { type ChildNode, type Document, type Element, type ParentNode, hasChildren, isText } from 'domhandler';
import { isElement } from '../dom.ts';
import { isImageFallback } from '../images.ts';
import { type Disclosures, disclosuresOf } from './disclosures.ts';
import { tokensOf } from './tokens.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));
const NEVER_CONTENT = words(
  'script style template title meta link base svg canvas object embed applet param select datalist textarea frame frameset noframes noembed progress',
);

/** Class words of what a reader unfolds with a click: accordions, tabs, answers to questions. */
const FOLDED = words(
  'accordion faq faqs answer tabpanel tab tabs collapse collapsible collapsed toggle expand expandable expanded details readmore',
);

/** Whether a click, or the end of loading, shows an element that is hidden at first. */
function isUnfolded({ attribs }: Element, { panels }: Disclosures): boolean {
  const role = attribs['role'];
  if (role === 'tabpanel' || /^S:[\da-f]+$/.test(attribs['id'] ?? '')) return true;
  if (role === 'dialog' || role === 'menu' || role === 'navigation') return false;
  if (panels.has(attribs['id'] ?? '') || (role === 'region' && attribs['aria-labelledby'] !== undefined)) return true;
  return tokensOf(`${attribs['class'] ?? ''} ${attribs['id'] ?? ''}`).some((token) => FOLDED.has(token));
}

/** Whether CSS in the element's own style, or one of its attributes, hides it from every reader. */
function isHidden(element: Element, disclosures: Disclosures): boolean {
  const { name, attribs } = element;
  if (name === 'html' || name === 'body') return false;
  const hidden =
    (attribs['hidden'] !== undefined && attribs['hidden'] !== 'until-found') ||
    (attribs['aria-hidden'] === 'true' && name !== 'math' && name !== 'img') ||
    /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test((attribs['style'] ?? '').slice(0, 2000));
  return hidden && !isUnfolded(element, disclosures);
}

/** Whether an element is the sign beside a heading or term that links to it, such as ¶. */
function isPermalink({ name, attribs, children }: Element): boolean {
  if (name !== 'a' || !attribs['href']?.includes('#') || children.length !== 1) return false;
  const [sign] = children;
  return isText(sign!) && /^\s{0,20}[¶§#🔗⚓\uF0C1]\uFE0F?\s{0,20}$/u.test(sign.data);
}

/** Puts an element's children in its place. */
function unwrap(element: Element): ChildNode[] {
  for (const child of element.children) child.parent = element.parent;
  return element.children;
}

/** Leaves a node only some of its children, in the array that it has. */
export function setChildren(parent: ParentNode, kept: ChildNode[]): void {
  parent.children.length = 0;
  for (const [i, child] of kept.entries()) {
    child.prev = kept[i - 1] ?? null;
    child.next = kept[i + 1] ?? null;
    parent.children.push(child);
  }
}

const isSpace = (code: number): boolean =>
  code === 32 || (code >= 9 && code <= 13) || (code >= 0xa0 && /\s/.test(String.fromCharCode(code)));

function countWords(text: string): number {
  let count = 0;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const space = isSpace(text.charCodeAt(i));
    if (!space && !inWord) count++;
    inWord = !space;
  }
  return count;
}

/** The words of a tree by who gets to see them. */
class Census {
  visible = 0;
  hidden = 0;
  /** Words of `noscript` in the body. */
  unscripted = 0;
  /** The hidden words of each outermost hidden element. */
  readonly hiding = new Map<Element, number>();
  readonly #disclosures: Disclosures;

  constructor(disclosures: Disclosures) {
    this.#disclosures = disclosures;
  }

  take(parent: ParentNode, place: 'visible' | 'hidden' | 'unscripted'): void {
    for (const child of parent.children) {
      if (isText(child)) this[place] += countWords(child.data);
      else if (isElement(child)) this.#element(child, place);
    }
  }

  #element(element: Element, place: 'visible' | 'hidden' | 'unscripted'): void {
    if (NEVER_CONTENT.has(element.name)) return;
    if (element.name === 'noscript') {
      if (!isElement(element.parent) || element.parent.name !== 'head') this.take(element, 'unscripted');
    } else if (place === 'visible' && isHidden(element, this.#disclosures)) {
      const before = this.hidden;
      this.take(element, 'hidden');
      this.hiding.set(element, this.hidden - before);
    } else this.take(element, place);
  }
}

class Sweep {
  readonly #noscript: boolean;
  readonly #disclosures: Disclosures;
  readonly #shows: (hidden: Element) => boolean;

  /** `shows`: which hidden elements a script will show. */
  constructor(noscript: boolean, disclosures: Disclosures, shows: (hidden: Element) => boolean) {
    this.#noscript = noscript;
    this.#disclosures = disclosures;
    this.#shows = shows;
  }

  clean(parent: ParentNode): void {
    const kept: ChildNode[] = [];
    for (const child of parent.children) {
      if (isText(child)) kept.push(child);
      else if (isElement(child)) this.#element(child, kept);
      else if (hasChildren(child)) {
        this.clean(child);
        kept.push(child);
      }
    }
    if (kept.length !== parent.children.length || kept.some((child, i) => child !== parent.children[i]))
      setChildren(parent, kept);
  }

  #element(element: Element, kept: ChildNode[]): void {
    if (NEVER_CONTENT.has(element.name) || (isHidden(element, this.#disclosures) && !this.#shows(element))) return;
    if (isPermalink(element)) return;
    if (element.name === 'noscript' && !this.#noscript) {
      if (isImageFallback(element)) kept.push(element);
      return;
    }
    this.clean(element);
    if (this.#isWrapper(element)) for (const child of unwrap(element)) kept.push(child);
    else kept.push(element);
  }

  #isWrapper(element: Element): boolean {
    return element.name === 'noscript' || element.name === 'head' || this.#disclosures.buttons.has(element);
  }
}

/** Where less than this share of the words is visible, the page shows itself only once scripts have run. */
const MIN_VISIBLE = 1 / 20;
/** A hidden element that holds more than this share of the words, and so many, is the page, which a script shows. */
const MOST = 2 / 5;
const MIN_WORDS = 50;

/**
 * Drops what is never content: scripts, styles, templates, comments, hidden elements and the signs that link to a heading.
 * `noscript` is dropped too, for it says what a script says better, unless it holds most of the page's words
 * or the image that stands for the one before it. Hidden elements stay
 * where nearly all words are in them, or most in one, and where a click unfolds them. A button that is a heading leaves its text.
 */
export function removeNoise(document: Document): void {
  const disclosures = disclosuresOf(document);
  const census = new Census(disclosures);
  census.take(document, 'visible');
  const { visible, hidden, unscripted, hiding } = census;
  const noscript = unscripted > visible;
  const shown = visible + (noscript ? unscripted : 0);
  const all = shown + hidden;
  const isAllHidden = shown < all * MIN_VISIBLE;
  const shows = (element: Element): boolean =>
    isAllHidden || (hiding.get(element) ?? 0) > Math.max(all * MOST, MIN_WORDS);
  new Sweep(noscript, disclosures, shows).clean(document);
}
