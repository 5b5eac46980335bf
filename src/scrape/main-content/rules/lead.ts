import type { Block } from '../signals/blocks.ts';
import type { Page } from '../signals/page.ts';

/** How long a lead is, in words. */
const MIN_WORDS = 10;
const MAX_WORDS = 90;
/** The most of it that may be linked. */
const MAX_LINKED = 1 / 5;
const MIN_PROBABILITY = 0.15;
/** A title further from the text than this many blocks is not the text's. */
const MAX_BLOCKS = 25;

/**
 * The paragraphs between the title of a page and the first of its chosen text: they lead into it.
 */
export function leadOf(page: Page, chosen: Set<Block>, probabilities: Float64Array): Set<Block> {
  const { blocks, titleIndex } = page;
  if (titleIndex < 0) return new Set();
  const first = blocks.findIndex((block, i) => i > titleIndex && chosen.has(block));
  if (first - titleIndex > MAX_BLOCKS) return new Set();
  const between = blocks.slice(titleIndex + 1, Math.max(first, titleIndex + 1));
  return new Set(
    between.filter(
      ({ words, linked, pressed }, i) =>
        words >= MIN_WORDS &&
        words <= MAX_WORDS &&
        linked <= words * MAX_LINKED &&
        pressed === 0 &&
        probabilities[titleIndex + 1 + i]! >= MIN_PROBABILITY,
    ),
  );
}
