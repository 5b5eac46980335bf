import type { Block, Container } from '../signals/blocks.ts';
import { isChrome } from './chrome.ts';
import { complete } from './complete.ts';
import type { Forest } from '../signals/forest.ts';
import type { Page } from '../signals/page.ts';
import { ContextReader } from '../signals/context.ts';

/** Below this many words a page says too little to be judged by its proportions. */
const SMALL_PAGE = 200;
/** With so many words or more, a `main` is believed to hold all of a small page's content. */
const SMALL_MAIN = 20;

/** Blocks that are kept, and the F1 that is to be expected of them. */
interface Choice {
  blocks: Set<Block>;
  f1: number;
}

/**
 * The blocks whose expected F1 is greatest: with the likeliest first, as many as keep
 * 2 × (probable words kept) / (words kept + probable words of the page) rising.
 */
export function likeliest(blocks: Block[], probabilities: Float64Array): Choice {
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
  return { blocks: new Set(order.slice(0, count).map((i) => blocks[i]!)), f1: best };
}

/** A page of which no better choice than this is to be expected is in doubt. */
const DOUBT = 0.7;
/** The power that the odds of a page in doubt are raised to: what is unlikely becomes less so, and more is kept. */
const DOUBT_POWER = 0.6;

function lessCertain(probability: number): number {
  const odds = (probability / (1 - probability)) ** DOUBT_POWER;
  return probability < 1 ? odds / (1 + odds) : 1;
}

/** The likeliest blocks; where it is doubtful which those are, rather more than fewer. */
function choose(blocks: Block[], probabilities: Float64Array): Set<Block> {
  const choice = likeliest(blocks, probabilities);
  return choice.f1 < DOUBT ? likeliest(blocks, probabilities.map(lessCertain)).blocks : choice.blocks;
}

function isInMain({ container }: Block, { main }: Page): boolean {
  let at: Container | null = container;
  while (at !== null && at !== main) at = at.parent;
  return at !== null;
}

/** On a small page: all that is in `main` or, without one, on the page, but for what is plainly chrome. */
function plain(page: Page): Set<Block> {
  const candidates =
    page.main !== null && page.main.words > 0
      ? page.blocks.filter((block) => isInMain(block, page))
      : page.blocks;
  return new Set(candidates.filter(({ container }) => !isChrome(container, page)));
}

/** The most blocks that are judged, at some 30 µs each. On a page of more, a judged block stands for the few that follow it. */
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

/** A `main` with more than this share of the words is what it says, and what stands outside of it seldom content. */
const MOST = 1 / 2;
const OUTSIDE_MAIN = 1 / 5;

function believeMain(page: Page, probabilities: Float64Array): void {
  const { main, root, blocks } = page;
  if (main === null || main.words <= root.words * MOST) return;
  for (const [i, block] of blocks.entries()) if (!isInMain(block, page)) probabilities[i]! *= OUTSIDE_MAIN;
}

function isSmall({ root, main }: Page): boolean {
  if (main !== null && main.words >= SMALL_MAIN && main.words < SMALL_PAGE)
    return root.words < 2 * SMALL_PAGE;
  return root.words < SMALL_PAGE;
}

/** The blocks that are the content of the page. Empty only where no block is likely to be. */
export function selectBlocks(page: Page, forest: Forest): Set<Block> {
  if (isSmall(page)) return plain(page);
  const probabilities = judge(page, forest);
  believeMain(page, probabilities);
  return complete(page, choose(page.blocks, probabilities), probabilities);
}
