import { type Element, isText, type ParentNode } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import type { Disclosures } from './disclosures.ts';
import { isHidden } from './hidden.ts';

const NEVER_CONTENT = new Set(
  'script style template title meta link base svg canvas object embed applet param select datalist textarea frame noembed progress'.split(
    ' ',
  ),
);

/** Whether an element holds frames, or what stands for them. */
export function isFrames({ name }: Element): boolean {
  return name === 'frameset' || name === 'noframes';
}

export function isNeverContent({ name }: Element): boolean {
  return NEVER_CONTENT.has(name);
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

type Place = 'visible' | 'hidden' | 'unscripted' | 'unframed';

/** The words of a tree by who gets to see them. */
export class Census {
  visible = 0;
  hidden = 0;
  /** Words of `noscript` in the body. */
  unscripted = 0;
  /** Words for browsers that show no frames. */
  unframed = 0;
  /** The hidden words of each outermost hidden element. */
  readonly hiding = new Map<Element, number>();
  readonly #disclosures: Disclosures;

  constructor(disclosures: Disclosures) {
    this.#disclosures = disclosures;
  }

  take(parent: ParentNode, place: Place): void {
    for (const child of parent.children) {
      if (isText(child)) this[place] += countWords(child.data);
      else if (isElement(child)) this.#element(child, place);
    }
  }

  #element(element: Element, place: Place): void {
    if (isFrames(element)) return this.take(element, 'unframed');
    if (isNeverContent(element)) return;
    if (element.name === 'noscript') {
      if (!isElement(element.parent) || element.parent.name !== 'head') this.take(element, 'unscripted');
    } else if (place === 'visible' && isHidden(element, this.#disclosures)) {
      const before = this.hidden;
      this.take(element, 'hidden');
      this.hiding.set(element, this.hidden - before);
    } else this.take(element, place);
  }
}
