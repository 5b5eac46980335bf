import { type ChildNode, type ParentNode, isText } from 'domhandler';
import { PREFORMATTED } from '../../dom/elements.ts';
import { isElement } from '../../dom/index.ts';
import type { Block, Container } from '../signals/blocks.ts';
import { wordsOfBlocks } from './kept.ts';
import type { Page } from '../signals/page.ts';
import { setChildren } from '../noise/index.ts';

/** Elements that are content without holding text. */
const MEDIA = new Set(
  'img picture source video audio track iframe hr br input math wbr col colgroup'.split(' '),
);
/** Elements in which white space is read as it is. */
const CODE = new Set([...PREFORMATTED, 'code']);
/** Cells keep their place in a table though nothing is left in them. */
const CELLS = new Set(['td', 'th']);

class Pruner {
  readonly #dropped = new Set<ChildNode>();
  /**
   * White space between the words of what is kept: an element that holds nothing else parts them.
   */
  readonly #spaces = new Set<ChildNode>();
  readonly #page: Page;
  readonly #kept: Map<Container, number>;
  readonly #own: Map<Container, number>;
  /** How many elements of code are open. */
  #code = 0;

  constructor(page: Page, chosen: Set<Block>) {
    this.#page = page;
    this.#kept = wordsOfBlocks(page, chosen);
    this.#own = wordsOfBlocks(page, page.blocks);
    for (const block of page.blocks) {
      const keep = chosen.has(block);
      for (const text of block.texts) {
        if (!keep) this.#dropped.add(text);
        else if (!/\S/.test(text.data)) this.#spaces.add(text);
      }
    }
  }

  /**
   * Prunes below; true where something other than white space is left. `media`: whether images and
   * the like stay.
   */
  prune(parent: ParentNode, media: boolean): boolean {
    const kept: ChildNode[] = [];
    let full = false;
    for (const child of parent.children) {
      const stays = this.#stays(child, media);
      if (stays || (isText(child) && !this.#dropped.has(child)) || this.#isCell(child, media))
        kept.push(child);
      full ||= stays;
    }
    if (kept.length !== parent.children.length) setChildren(parent, kept);
    return full;
  }

  /**
   * Whether most of the words inside are kept. Words of a block that goes on outside, as those of
   * emphasis do, share what becomes of the words around.
   */
  #isKept(container: Container, around: boolean): boolean {
    const { words } = container;
    const shared = around ? words - (this.#own.get(container) ?? 0) : 0;
    return ((this.#kept.get(container) ?? 0) + shared) * 2 >= words;
  }

  #isCell(child: ChildNode, media: boolean): boolean {
    return media && isElement(child) && CELLS.has(child.name);
  }

  #stays(child: ChildNode, media: boolean): boolean {
    if (isText(child)) return !this.#dropped.has(child) && (this.#spaces.has(child) || /\S/.test(child.data));
    if (!isElement(child)) return false;
    const container = this.#page.containers.get(child);
    const inside = container !== undefined && container.words > 0 ? this.#isKept(container, media) : media;
    if (CODE.has(child.name)) this.#code++;
    const full = this.prune(child, inside);
    const indents = this.#code > 0 && child.children.some(isText);
    if (CODE.has(child.name)) this.#code--;
    return full || (inside && (indents || MEDIA.has(child.name)));
  }
}

/**
 * Takes from the tree the text of the blocks that were not chosen and the elements that hold
 * nothing else. Images and other media stay where most of the words in the nearest element with
 * words stay.
 */
export function prune(root: ParentNode, page: Page, chosen: Set<Block>): void {
  new Pruner(page, chosen).prune(root, chosen.size > 0);
}
