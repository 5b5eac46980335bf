import type { Block, Container } from '../signals/blocks.ts';
import type { Page } from '../signals/page.ts';

/** How many words of each container are in some blocks; containers without any are missing. */
export function wordsOfBlocks(page: Page, blocks: Iterable<Block>): Map<Container, number> {
  const words = new Map<Container, number>();
  for (const block of blocks) words.set(block.container, (words.get(block.container) ?? 0) + block.words);
  // From the inside out: a container comes after the ones around it.
  const containers = [...page.containers.values()];
  for (let i = containers.length; i-- > 0;) {
    const container = containers[i]!;
    const inside = words.get(container);
    const { parent } = container;
    if (inside !== undefined && parent !== null) words.set(parent, (words.get(parent) ?? 0) + inside);
  }
  return words;
}
