import type { Block, Container } from './blocks.ts';
import type { Forest } from './forest.ts';
import { MARKS } from './marks.ts';
import type { Page } from './page.ts';
import { Stage } from './scene.ts';

/** Below this many words a page says too little to be judged by its proportions. */
const SMALL_PAGE = 200;

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

const CHROME = new Set(
  [
    '<nav>',
    '<footer>',
    '<aside>',
    '<dialog>',
    '<button>',
    '@navigation',
    '@banner',
    '@contentinfo',
    '@complementary',
    '@search',
    '@dialog',
    '@menu',
    '@alert',
  ]
    .concat([
      'navigation',
      'breadcrumb',
      'footer',
      'sidebar',
      'social',
      'subscribe',
      'consent',
      'overlay',
      'advert',
      'related',
      'legal',
      'search',
      'account',
    ])
    .map((mark) => MARKS.indexOf(mark)),
);
const HEADER = MARKS.indexOf('<header>');
const HOLDERS = new Set(['main', 'article', 'section'].map((tag) => MARKS.indexOf(`<${tag}>`)));

/** Whether an element around says plainly that a block belongs to the site and not to the page. */
function isChrome(container: Container): boolean {
  let header = false;
  for (let at: Container | null = container; at !== null; at = at.parent) {
    if (at.marks.some((mark) => CHROME.has(mark))) return true;
    if (at.marks.includes(HEADER)) header = true;
    if (at.marks.some((mark) => HOLDERS.has(mark))) header = false;
  }
  return header;
}

/** On a small page: all that is in `main` or, without one, on the page, but for what is plainly chrome. */
function plain(page: Page): Set<Block> {
  const inMain = ({ container }: Block): boolean => {
    let at: Container | null = container;
    while (at !== null && at !== page.main) at = at.parent;
    return at !== null;
  };
  const candidates = page.main !== null && page.main.words > 0 ? page.blocks.filter(inMain) : page.blocks;
  return new Set(candidates.filter(({ container }) => !isChrome(container)));
}

/** The most blocks that are judged, at some 30 µs each. On a page of more, a judged block stands for the few that follow it. */
const MAX_JUDGED = 20_000;

function judge(page: Page, forest: Forest): Float64Array {
  const stage = new Stage(page);
  const step = Math.ceil(page.blocks.length / MAX_JUDGED);
  const probabilities = new Float64Array(page.blocks.length);
  for (let i = 0; i < probabilities.length; i += step) {
    probabilities.fill(forest.probability(stage.sceneOf(i)), i, i + step);
  }
  return probabilities;
}

/** The blocks that are the content of the page. Empty only where no block is likely to be. */
export function selectBlocks(page: Page, forest: Forest): Set<Block> {
  if (page.root.words < SMALL_PAGE) return plain(page);
  return likeliest(page.blocks, judge(page, forest));
}
