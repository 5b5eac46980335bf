import type { Block, Container } from '../signals/blocks.ts';
import { isChrome } from './chrome.ts';
import { wordsOfBlocks } from './kept.ts';
import { isNote } from '../signals/notes.ts';
import { leadOf } from './lead.ts';
import type { Page } from '../signals/page.ts';

/** Elements that name what stands after them, and how far around a block they are looked for. */
const LABELS = new Set(['dt', 'caption', 'figcaption', 'legend', 'summary', 'th']);
const LABEL_LEVELS = 4;
const MIN_LABEL_PROBABILITY = 0.25;
/** Text is kept where so much of what stands around it is. */
const ENCLOSING_SHARE = 4 / 5;
/**
 * The less of an element is kept, the likelier a block in it must be to stay: share and probability
 * add up to this.
 */
const ENCLOSED = 1.25;
/** Elements of which a part alone is of little use; so are notes. */
const WHOLES = new Set(['pre', 'code', 'dl', 'dt', 'dd', 'blockquote']);
const WHOLE_LEVELS = 4;
/** Code is kept, however little it reads like text, where so much around it is kept. */
const CODE_SHARE = 1 / 2;
/** How many elements around a block may vouch for it. */
const ENCLOSING_LEVELS = 6;
/**
 * A list or table of which so much is kept is kept whole, but for what the forest finds less likely
 * than this.
 */
const LISTS = new Set(['ul', 'ol', 'dl', 'table']);
const LIST_SHARE = 3 / 5;
const LIST_LEVELS = 12;
const MIN_LISTED_PROBABILITY = 0.1;

function isLabel({ container }: Block): boolean {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < LABEL_LEVELS; i++, at = at.parent)
    if (LABELS.has(at.element?.name ?? '')) return true;
  return false;
}

function isPartOfWhole(container: Container): boolean {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < WHOLE_LEVELS; i++, at = at.parent)
    if (at.element !== null && (WHOLES.has(at.element.name) || isNote(at.element))) return true;
  return false;
}

function isPreformatted(container: Container): boolean {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < WHOLE_LEVELS; i++, at = at.parent)
    if (at.element?.name === 'pre') return true;
  return false;
}

/** The page's title, unless an `h1` is kept or the title belongs to the site. */
function titleOf(page: Page, chosen: Set<Block>): Set<Block> {
  const first = page.blocks[page.titleIndex];
  if (first === undefined || page.levels[page.titleIndex] !== 1 || isChrome(first.container, page))
    return new Set();
  const isKept = page.blocks.some((block, i) => page.levels[i] === 1 && chosen.has(block));
  return new Set(isKept ? [] : [first]);
}

/** Whether most of the list or table around is kept: it is kept whole, links or not. */
function isListed(container: Container, kept: Map<Container, number>): boolean {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < LIST_LEVELS; i++, at = at.parent) {
    if (!LISTS.has(at.element?.name ?? '')) continue;
    if ((kept.get(at) ?? 0) >= at.words * LIST_SHARE) return true;
  }
  return false;
}

/**
 * Whether a block stands inside an element of which most is kept. Lists of links and buttons are
 * judged on their own.
 */
function isEnclosed(block: Block, probability: number, kept: Map<Container, number>): boolean {
  const { container, words, linked, pressed } = block;
  if (pressed > 0) return false;
  if (linked > words / 2) return probability >= MIN_LISTED_PROBABILITY && isListed(container, kept);
  if (!isPartOfWhole(container)) return false;
  const isCode = isPreformatted(container);
  let at: Container | null = container;
  for (let level = 0; at !== null && level < ENCLOSING_LEVELS; at = at.parent) {
    if (at.words <= words) continue;
    level++;
    const share = (kept.get(at) ?? 0) / (at.words - words);
    if (at.words <= 2 * words) continue;
    if (isCode ? share >= CODE_SHARE : share >= ENCLOSING_SHARE && probability + share >= ENCLOSED)
      return true;
  }
  return false;
}

function enclosed(page: Page, chosen: Set<Block>, probabilities: Float64Array): Set<Block> {
  const kept = wordsOfBlocks(page, chosen);
  const found = page.blocks.filter(
    (block, i) =>
      !chosen.has(block) && isEnclosed(block, probabilities[i]!, kept) && !isChrome(block.container, page),
  );
  return new Set(found);
}

/** Headings and labels whose next words are kept. */
function labels(page: Page, chosen: Set<Block>, probabilities: Float64Array): Set<Block> {
  const { blocks, levels } = page;
  const found = new Set<Block>();
  let next = false;
  for (let i = blocks.length; i-- > 0;) {
    const block = blocks[i]!;
    const names = levels[i]! > 0 || isLabel(block);
    if (chosen.has(block)) next = true;
    else if (!names) next = false;
    else if (next && probabilities[i]! >= MIN_LABEL_PROBABILITY && !isChrome(block.container, page))
      found.add(block);
    else next = false;
  }
  return found;
}

/**
 * Adds what a reader misses where it is left out, though on its own it looks like little: text
 * inside of what is kept, headings and labels of what is kept, and the heading of the page.
 * `probabilities` are those of the page's blocks. The forest was fitted to pages whose title counts
 * as none of the content; a page without its title is not what a reader wants, and costs F1 .0005.
 */
export function complete(page: Page, chosen: Set<Block>, probabilities: Float64Array): Set<Block> {
  const filled = chosen.union(enclosed(page, chosen, probabilities));
  const labelled = filled.union(labels(page, filled, probabilities));
  const led = labelled.union(leadOf(page, labelled, probabilities));
  return led.union(titleOf(page, led));
}
