import type { Block, Container } from '../signals/blocks.ts';
import type { Page } from '../signals/page.ts';

/**
 * How many words of each container are in the chosen blocks; containers without any are missing.
 */
export function keptWords(page: Page, chosen: Set<Block>): Map<Container, number> {
  const kept = new Map<Container, number>();
  for (const block of chosen) kept.set(block.container, (kept.get(block.container) ?? 0) + block.words);
  // From the inside out: a container comes after the ones around it.
  const containers = [...page.containers.values()];
  for (let i = containers.length; i-- > 0;) {
    const container = containers[i]!;
    const words = kept.get(container);
    const { parent } = container;
    if (words !== undefined && parent !== null) kept.set(parent, (kept.get(parent) ?? 0) + words);
  }
  return kept;
}
