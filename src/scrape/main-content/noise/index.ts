import {
  type ChildNode,
  type Document,
  type Element,
  type ParentNode,
  hasChildren,
  isText,
} from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { isImageFallback } from '../../formats/images.ts';
import { Census, isFrames, isNeverContent } from './census.ts';
import { type Disclosures, disclosuresOf } from './disclosures.ts';
import { isBeside } from './beside.ts';
import { isHidden } from './hidden.ts';
import { unscriptedPictures } from './pictures.ts';

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

/** What is to be shown of what is mostly not. */
interface Shown {
  noscript: boolean;
  /** `noscript` elements that hold a picture. */
  pictures: ReadonlySet<Element>;
  frames: boolean;
  /** Which hidden elements a script will show. */
  hidden: (element: Element) => boolean;
}

class Sweep {
  readonly #disclosures: Disclosures;
  readonly #shown: Shown;

  constructor(disclosures: Disclosures, shown: Shown) {
    this.#disclosures = disclosures;
    this.#shown = shown;
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
    if (this.#isNoise(element)) return;
    if (element.name === 'noscript' && !this.#shown.noscript && !this.#shown.pictures.has(element)) {
      if (isImageFallback(element)) kept.push(element);
      return;
    }
    this.clean(element);
    if (this.#isWrapper(element)) for (const child of unwrap(element)) kept.push(child);
    else kept.push(element);
  }

  #isNoise(element: Element): boolean {
    if (isNeverContent(element) || isBeside(element) || (isFrames(element) && !this.#shown.frames))
      return true;
    return isHidden(element, this.#disclosures) && !this.#shown.hidden(element);
  }

  #isWrapper(element: Element): boolean {
    if (element.name === 'noscript' || element.name === 'head') return true;
    return isFrames(element) || this.#disclosures.buttons.has(element);
  }
}

/**
 * Where less than this share of the words is visible, the page shows itself only once scripts have
 * run.
 */
const MIN_VISIBLE = 1 / 20;
/**
 * A hidden element with more than this share of the words, and at least MIN_WORDS, is the page,
 * which a script shows.
 */
const MOST = 2 / 5;
const MIN_WORDS = 50;

/**
 * Drops what is never content: scripts, styles, templates, comments, hidden elements and the signs
 * that link to a heading. `noscript` is dropped too, for it says what a script says better, unless
 * it holds most of the page's words or a picture that a script shows. Hidden elements
 * stay where nearly all words are in them, or most in one, and where a click unfolds them. A button
 * that is a heading leaves its text, and a set of frames that which stands for it where there is no
 * other.
 */
export function removeNoise(document: Document): void {
  const disclosures = disclosuresOf(document);
  const census = new Census(disclosures);
  census.take(document, 'visible');
  const { visible, hidden, unscripted, unframed, hiding } = census;
  const noscript = unscripted > visible;
  const shown = visible + (noscript ? unscripted : 0);
  const all = shown + hidden;
  const isAllHidden = shown < all * MIN_VISIBLE;
  const shows = (element: Element): boolean =>
    isAllHidden || (hiding.get(element) ?? 0) > Math.max(all * MOST, MIN_WORDS);
  const pictures = unscriptedPictures(document);
  const frames = all === 0 && unframed > 0;
  new Sweep(disclosures, { noscript, pictures, frames, hidden: shows }).clean(document);
}
