import type { Alike } from './alike.ts';
import type { Block } from './blocks.ts';

/** Where a block stands to the paragraphs that most of the page's running text is in. */
export interface BulkPlace {
  /** The shares of the bulk's words before and after the block. */
  before: number;
  after: number;
  /** Blocks to the nearest paragraph of the bulk before, and after; -1 where there is none. */
  sinceLast: number;
  untilNext: number;
}

/** The group of blocks that look alike with the most words of running text. */
function bulkOf(blocks: Block[], groups: Alike[], isText: boolean[]): { group: Alike | null; words: number } {
  const sums = new Map<Alike, number>();
  let most: { group: Alike | null; words: number } = { group: null, words: 0 };
  for (const [i, group] of groups.entries()) {
    if (!isText[i]) continue;
    const words = (sums.get(group) ?? 0) + blocks[i]!.words;
    sums.set(group, words);
    if (words > most.words) most = { group, words };
  }
  return most;
}

/**
 * For each block where it stands to the bulk of the running text, given the groups of the blocks
 * that look alike and which blocks are running text.
 */
export function bulkPlacesOf(blocks: Block[], groups: Alike[], isText: boolean[]): BulkPlace[] {
  const { group: bulk, words: total } = bulkOf(blocks, groups, isText);
  const belongs = groups.map((group, i) => group === bulk && isText[i]!);
  let words = 0;
  let last = -1;
  const places = blocks.map((block, i) => {
    const before = total === 0 ? 0 : words / total;
    const own = belongs[i] ? block.words : 0;
    words += own;
    const sinceLast = last < 0 ? -1 : i - last;
    if (belongs[i]) last = i;
    return { before, after: total === 0 ? 0 : (total - words) / total, sinceLast, untilNext: -1 };
  });
  let next = -1;
  for (let i = blocks.length; i-- > 0;) {
    if (next >= 0) places[i]!.untilNext = next - i;
    if (belongs[i]) next = i;
  }
  return places;
}
