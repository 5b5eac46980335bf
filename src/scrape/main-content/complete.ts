import type { Block, Container } from './blocks.ts';
import { isChrome } from './chrome.ts';
import type { Page } from './page.ts';

/** Elements that name what stands after them. */
const LABEL_LEVELS = 4;
const LABELS = new Set(['dt', 'caption', 'figcaption', 'legend', 'summary', 'th']);
/** Text is kept where so much of what stands around it is. */
const ENCLOSING_SHARE = 4 / 5;
/** The less of an element is kept, the likelier a block in it must be to stay: share and probability add up to this. */
const ENCLOSED = 1.15;
const MIN_LISTED_PROBABILITY = 0.15;
/** How many elements around a block may vouch for it. */
const ENCLOSING_LEVELS = 6;
/** A list or table of which so much is kept is kept whole. */
const LIST_SHARE = 2 / 5;
const LIST_LEVELS = 12;
const LISTS = new Set(['ul', 'ol', 'dl', 'table']);

/** How many words of each container are kept. */
function keptWords(page: Page, chosen: Set<Block>): Map<Container, number> {
  const kept = new Map<Container, number>();
  for (const block of chosen) kept.set(block.container, (kept.get(block.container) ?? 0) + block.words);
  for (const container of [...page.containers.values()].toReversed()) {
    const { parent } = container;
    if (parent !== null) kept.set(parent, (kept.get(parent) ?? 0) + (kept.get(container) ?? 0));
  }
  return kept;
}

function isLabel({ container }: Block): boolean {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < LABEL_LEVELS; i++, at = at.parent)
    if (LABELS.has(at.element?.name ?? '')) return true;
  return false;
}

/** The page's first `h1`, unless one is kept or it belongs to the site. */
function titleOf(page: Page, chosen: Set<Block>): Set<Block> {
  const titles = page.blocks.filter((_, i) => page.levels[i] === 1);
  const [first] = titles;
  if (first === undefined || isChrome(first.container, page) || titles.some((title) => chosen.has(title)))
    return new Set();
  return new Set([first]);
}

class Completion {
  readonly #page: Page;
  readonly #chosen: Set<Block>;
  readonly #kept: Map<Container, number>;
  readonly #probabilities: Float64Array;

  constructor(page: Page, chosen: Set<Block>, probabilities: Float64Array) {
    this.#page = page;
    this.#chosen = chosen;
    this.#kept = keptWords(page, chosen);
    this.#probabilities = probabilities;
  }

  /** Whether a block stands inside an element of which most is kept. Lists of links and buttons are judged on their own. */
  #isEnclosed({ container, words, linked, pressed }: Block, probability: number): boolean {
    if (pressed > 0) return false;
    if (linked > words / 2) return probability >= MIN_LISTED_PROBABILITY && this.#isListed(container);
    let at: Container | null = container;
    for (let level = 0; at !== null && level < ENCLOSING_LEVELS; at = at.parent) {
      if (at.words <= words) continue;
      level++;
      const share = (this.#kept.get(at) ?? 0) / (at.words - words);
      if (at.words > 2 * words && share >= ENCLOSING_SHARE && probability + share >= ENCLOSED) return true;
    }
    return false;
  }

  /** Whether most of the list or table around is kept: it is kept whole, links or not. */
  #isListed(container: Container): boolean {
    let at: Container | null = container;
    for (let i = 0; at !== null && i < LIST_LEVELS; i++, at = at.parent) {
      if (!LISTS.has(at.element?.name ?? '')) continue;
      if ((this.#kept.get(at) ?? 0) >= at.words * LIST_SHARE) return true;
    }
    return false;
  }

  enclosed(): Set<Block> {
    const found = this.#page.blocks.filter(
      (block, i) =>
        !this.#chosen.has(block) &&
        this.#isEnclosed(block, this.#probabilities[i]!) &&
        !isChrome(block.container, this.#page),
    );
    return new Set(found);
  }

  /** Headings and labels whose next words are kept. */
  labels(): Set<Block> {
    const { blocks, levels } = this.#page;
    const found = new Set<Block>();
    let next = false;
    for (let i = blocks.length; i-- > 0;) {
      const block = blocks[i]!;
      const names = levels[i]! > 0 || isLabel(block);
      if (this.#chosen.has(block)) next = true;
      else if (!names) next = false;
      else if (next && !isChrome(block.container, this.#page)) found.add(block);
      else next = false;
    }
    return found;
  }
}

/**
 * Adds what a reader misses where it is left out, though on its own it looks like little: text inside of what is kept, headings
 * and labels of what is kept, and the heading of the page. `probabilities` are those of the page's blocks. The forest was fitted to
 * pages whose title counts as none of the content; a page without its title is not what a reader wants, and costs F1 .0005.
 */
export function complete(page: Page, chosen: Set<Block>, probabilities: Float64Array): Set<Block> {
  const filled = chosen.union(new Completion(page, chosen, probabilities).enclosed());
  const labelled = filled.union(new Completion(page, filled, probabilities).labels());
  return labelled.union(titleOf(page, labelled));
}
