import type { Block } from '../signals/blocks.ts';
import type { Page } from '../signals/page.ts';

/** Shorter texts are labels, which a page may well repeat. */
const MIN_WORDS = 8;
/** On a page of fewer words a repetition is more likely meant. */
const MIN_PAGE_WORDS = 200;

/** Whether two blocks are siblings, or cousins as the paragraphs of two list items are. */
function standBeside({ container: a }: Block, { container: b }: Block): boolean {
  return a.parent === b.parent || a.parent?.parent === b.parent?.parent;
}

/**
 * The choice without what it says again elsewhere on the page: a page is often written once for
 * wide and once for narrow screens. A refrain stands beside what it repeats, and stays.
 */
export function withoutRepeats(page: Page, chosen: Set<Block>): Set<Block> {
  if (page.root.words < MIN_PAGE_WORDS) return chosen;
  const said = new Map<string, Block>();
  const kept = new Set<Block>();
  for (const block of page.blocks) {
    if (!chosen.has(block)) continue;
    const before = block.words < MIN_WORDS ? undefined : said.get(block.text);
    const repeats = before !== undefined && before.words === block.words && !standBeside(before, block);
    if (repeats) continue;
    kept.add(block);
    if (before === undefined) said.set(block.text, block);
  }
  return kept;
}
