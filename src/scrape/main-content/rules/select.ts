import type { Block, Container } from '../signals/blocks.ts';
import { isChrome } from './chrome.ts';
import { complete } from './complete.ts';
import { doubt } from './doubt.ts';
import { withoutRepeats } from './repeats.ts';
import type { Forest } from '../signals/forest.ts';
import type { Page } from '../signals/page.ts';
import { ContextReader } from '../signals/block-context.ts';

/** Below this many words a page says too little to be judged by its proportions. */
const SMALL_PAGE = 200;
/** With this many words or more, a `main` is taken to hold all of a small page's content. */
const SMALL_MAIN = 20;

/**
 * The blocks whose expected F1 is greatest: with the likeliest first, as many as keep
 * 2 × (probable words kept) / (words kept + probable words of the page) rising.
 */
export function likeliest(blocks: Block[], probabilities: Float64Array): Set<Block> {
  const order = blocks.map((_, i) => i).toSorted((a, b) => probabilities[b]! - probabilities[a]!);
  const expected = blocks.reduce((sum, block, i) => sum + block.words * probabilities[i]!, 0);
  let hit = 0;
  let kept = 0;
  let best = 0;
  let count = 0;
  for (const [rank, i] of order.entries()) {
    hit += blocks[i]!.words * probabilities[i]!;
    kept += blocks[i]!.words;
    const f1 = (2 * hit) / (kept + expected);
    if (!(f1 > best)) continue;
    best = f1;
    count = rank + 1;
  }
  return new Set(order.slice(0, count).map((i) => blocks[i]!));
}

function isInMain({ container }: Block, { main }: Page): boolean {
  let at: Container | null = container;
  while (at !== null && at !== main) at = at.parent;
  return at !== null;
}

/** For each block whether it is in `main`, or leads into it: the page's title may stand above. */
function belongsToMain(page: Page): boolean[] {
  const { blocks, titleIndex } = page;
  const inside = blocks.map((block) => isInMain(block, page));
  const title = blocks[titleIndex];
  if (title === undefined || isChrome(title.container, page)) return inside;
  const first = inside.indexOf(true);
  return inside.map((is, i) => is || (i >= titleIndex && i < first));
}

/** Less likely blocks are left out even on a small page. */
const MIN_PROBABILITY = 0.05;

/**
 * On a small page: all that is in `main` or, without one, on the page, but for plain chrome and
 * what is unlikely to be content.
 */
function plain(page: Page, probabilities: Float64Array): Set<Block> {
  const hasMain = page.main !== null && page.main.words > 0;
  const inside = hasMain ? belongsToMain(page) : null;
  const candidates = page.blocks.filter(
    ({ container }, i) => (inside === null || inside[i]) && !isChrome(container, page),
  );
  const likely = page.blocks.filter((_, i) => page.levels[i]! > 0 || probabilities[i]! >= MIN_PROBABILITY);
  const chosen = new Set(candidates).intersection(new Set(likely));
  return chosen.size > 0 ? chosen : new Set(candidates);
}

/**
 * The most blocks that are judged, at some 30 µs each. On a page of more, a judged block stands for
 * the few that follow it.
 */
const MAX_JUDGED = 20_000;

function judge(page: Page, forest: Forest): Float64Array {
  const reader = new ContextReader(page);
  const step = Math.ceil(page.blocks.length / MAX_JUDGED);
  const probabilities = new Float64Array(page.blocks.length);
  for (let i = 0; i < probabilities.length; i += step) {
    probabilities.fill(forest.probability(reader.contextOf(i)), i, i + step);
  }
  return probabilities;
}

/**
 * A `main` with more than this share of the words is what it says, and what stands outside of it
 * seldom content.
 */
const MOST = 1 / 2;
const OUTSIDE_MAIN = 1 / 5;

function believeMain(page: Page, probabilities: Float64Array): void {
  const { main, root } = page;
  if (main === null || main.words <= root.words * MOST) return;
  for (const [i, belongs] of belongsToMain(page).entries()) if (!belongs) probabilities[i]! *= OUTSIDE_MAIN;
}

function isSmall({ root, main }: Page): boolean {
  if (main !== null && main.words >= SMALL_MAIN && main.words < SMALL_PAGE)
    return root.words < 2 * SMALL_PAGE;
  return root.words < SMALL_PAGE;
}

/** The blocks that are the content of the page. Empty only where no block is likely to be. */
export function selectBlocks(page: Page, forest: Forest): Set<Block> {
  const probabilities = judge(page, forest);
  doubt(page, probabilities);
  if (isSmall(page)) return plain(page, probabilities);
  believeMain(page, probabilities);
  const chosen = withoutRepeats(page, likeliest(page.blocks, probabilities));
  return complete(page, chosen, probabilities);
}
