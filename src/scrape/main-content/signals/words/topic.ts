import { type Block, type Container, isProse } from '../blocks.ts';

/** Shorter words belong to no topic, but ideographs do. */
const MIN_CHARS = 4;
const IDEOGRAPHS = 0x2e80;

/**
 * How many of a block's words, as a share, stand elsewhere too; -1 for a block without words that
 * could belong to a topic.
 */
export interface Topic {
  /** In what the page says that it is about. */
  title: number;
  /** In other running text of the part that holds most of it. */
  core: number;
  /** In any other block. */
  page: number;
}

const isTopical = (word: string): boolean =>
  (word.length >= MIN_CHARS && !word.startsWith('#')) || word.charCodeAt(0) >= IDEOGRAPHS;

function isInside(container: Container, core: Container): boolean {
  let at: Container | null = container;
  while (at !== null && at.depth > core.depth) at = at.parent;
  return at === core;
}

/** The words of a block that may belong to a topic, each once. */
function topicalOf(words: string[]): string[] {
  return words.filter((word, i) => isTopical(word) && words.indexOf(word) === i);
}

/** Counts for each topical word how many of the blocks have it. */
function blocksOfWords(blocks: Iterable<string[]>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const words of blocks)
    for (const word of topicalOf(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/**
 * For each block how far it speaks of what the page is about. `words` are the first words of each
 * block, `about` those of the title and the like, `core` the element that holds most running text.
 */
export function topicsOf(blocks: Block[], words: string[][], about: string[], core: Container): Topic[] {
  const titled = new Set(about);
  const central = blocks.map((block) => isProse(block) && isInside(block.container, core));
  const inPage = blocksOfWords(words);
  const inCore = blocksOfWords(words.filter((_, i) => central[i]));
  return words.map((all, i) => {
    const own = topicalOf(all);
    const share = (is: (word: string) => boolean): number =>
      own.length === 0 ? -1 : own.filter(is).length / own.length;
    const self = central[i] ? 1 : 0;
    return {
      title: share((word) => titled.has(word)),
      core: share((word) => (inCore.get(word) ?? 0) > self),
      page: share((word) => inPage.get(word)! > 1),
    };
  });
}
