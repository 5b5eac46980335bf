import { type Block, type Container, HEADINGS, isProse } from './blocks.ts';

/** The headings that a block stands under. */
export interface Section {
  /** The level of the nearest heading before, 0 where there is none. */
  level: number;
  /** Blocks since that heading. */
  distance: number;
  /** The index of the nearest heading's block, -1 where there is none. */
  heading: number;
  /** The indexes of the headings of all levels above it, the nearest last. */
  chain: readonly number[];
  /** What stands under that heading, up to the next of any level. */
  under: Under;
}

/** What the blocks under one heading add up to. */
interface Under {
  blocks: number;
  words: number;
  linked: number;
  /** Words of blocks that read like running text. */
  prose: number;
}

/** The level of the heading that a block is, 0 where it is none. */
export function headingLevel({ container }: Block): number {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < 3; i++, at = at.parent) {
    const level = HEADINGS.get(at.element?.name ?? '');
    if (level !== undefined) return level;
  }
  return 0;
}

/** For each block, given the levels of those that are headings, what it stands under. */
export function sectionsOf(blocks: Block[], levels: number[]): Section[] {
  const open: { level: number; index: number }[] = [];
  let chain: number[] = [];
  let under: Under = { blocks: 0, words: 0, linked: 0, prose: 0 };
  return levels.map((level, index) => {
    if (level > 0) {
      while (open.length > 0 && open.at(-1)!.level >= level) open.pop();
      open.push({ level, index });
      chain = open.map((heading) => heading.index);
      under = { blocks: 0, words: 0, linked: 0, prose: 0 };
    } else {
      const block = blocks[index]!;
      under.blocks++;
      under.words += block.words;
      under.linked += block.linked;
      if (isProse(block)) under.prose += block.words;
    }
    const last = open.at(-1);
    return {
      level: last?.level ?? 0,
      distance: last === undefined ? 0 : index - last.index,
      heading: last?.index ?? -1,
      chain,
      under,
    };
  });
}
