import type { Block, Container } from './blocks.ts';
import { isProse } from './blocks.ts';

/** What the blocks of a page add up to whose innermost elements look alike. */
export interface Alike {
  blocks: number;
  words: number;
  linked: number;
  /** Words of blocks that read like running text. */
  prose: number;
}

/** For each block the group of blocks whose `levels` innermost elements look like its own. */
export function alikeOf(blocks: Block[], levels: number): Alike[] {
  const keys = new Map<Container, string>();
  const groups = new Map<string, Alike>();
  return blocks.map((block) => {
    let key = keys.get(block.container);
    if (key === undefined) {
      key = block.container.looks;
      let at = block.container.parent;
      for (let i = 1; i < levels && at !== null; i++, at = at.parent) key += `>${at.looks}`;
      keys.set(block.container, key);
    }
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = { blocks: 0, words: 0, linked: 0, prose: 0 }));
    group.blocks++;
    group.words += block.words;
    group.linked += block.linked;
    if (isProse(block)) group.prose += block.words;
    return group;
  });
}
