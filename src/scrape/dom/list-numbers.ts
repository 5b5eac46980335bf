import type { ChildNode, Element } from 'domhandler';
import { isElement } from './index.ts';

/** CommonMark allows nine digits. */
export const MAX_NUMBER = 999_999_999;

export function isItem(node: ChildNode): node is Element {
  return isElement(node) && node.name === 'li';
}

function numberIn(text: string | undefined): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return value >= 0 && value <= MAX_NUMBER ? value : null;
}

/** Numbers the items of an `<ol>`: by its `start` and `reversed`, and by each item's `value`. */
export class ItemNumbers {
  readonly #step: 1 | -1;
  #next: number;

  constructor(list: Element) {
    const reversed = list.attribs['reversed'] !== undefined;
    this.#step = reversed ? -1 : 1;
    this.#next = numberIn(list.attribs['start']) ?? (reversed ? list.children.filter(isItem).length : 1);
  }

  /** The number of the next item, 0 to MAX_NUMBER. */
  next(item: Element): number {
    const number = numberIn(item.attribs['value']) ?? this.#next;
    this.#next = number + this.#step;
    return Math.min(Math.max(number, 0), MAX_NUMBER);
  }
}
