import type { Block, Container } from '../blocks.ts';
import type { Section } from '../sections.ts';
import type { HeadingEvidence } from './headings.ts';
import type { TermEvidence } from './lexicon.ts';

/** A longer text at the head of an element is no label of it. */
const MAX_LABEL_WORDS = 8;
/** An element with more than this share of a page's words is the page, whatever its first words. */
const MOST = 1 / 2;

/** The log odds that text is content, by all the headings and labels that it stands under. */
export interface LabelEvidence {
  /** Of the headings of every level above it, the worst, and their sum. */
  chainLeast: number;
  chainSum: number;
  /** Of the first words of the elements around it, as headings and as words, the worst. */
  boxHeading: number;
  boxWords: number;
  /** Of the headings between the title and the block, the worst. */
  passedLeast: number;
}

type Chain = Pick<LabelEvidence, 'chainLeast' | 'chainSum'>;

/** What the labels of blocks are read from. */
interface Labelled {
  blocks: Block[];
  /** From the outermost inwards. */
  containers: Container[];
  sections: Section[];
  titleIndex: number;
  words: TermEvidence[];
  /** What a block would say as a heading of those under it. */
  asHeading: (index: number) => HeadingEvidence;
}

interface Box {
  heading: number;
  words: number;
}

const NO_BOX: Box = { heading: 0, words: 0 };

/** For each element around blocks the index of the first block in it. */
function firstBlocks(blocks: Block[]): Map<Container, number> {
  const first = new Map<Container, number>();
  for (const [i, { container }] of blocks.entries())
    for (let at: Container | null = container; at !== null && !first.has(at); at = at.parent)
      first.set(at, i);
  return first;
}

/** For each element what the labels of it and of those around it say. */
function boxesOf({ blocks, containers, words, asHeading }: Labelled): Map<Container, Box> {
  const first = firstBlocks(blocks);
  const boxes = new Map<Container, Box>();
  const total = containers[0]?.words ?? 0;
  for (const container of containers) {
    const around = (container.parent && boxes.get(container.parent)) ?? NO_BOX;
    const label = first.get(container);
    const block = label === undefined ? undefined : blocks[label]!;
    const names =
      block !== undefined &&
      block.words <= MAX_LABEL_WORDS &&
      block.words < container.words &&
      container.words <= total * MOST;
    boxes.set(
      container,
      names
        ? {
            heading: Math.min(around.heading, asHeading(label!).mean),
            words: Math.min(around.words, words[label!]!.mean),
          }
        : around,
    );
  }
  return boxes;
}

/** What the headings of a chain say, the worst and all together. */
function evidenceOfChain(chain: readonly number[], asHeading: Labelled['asHeading']): Chain {
  const means = chain.map((index) => asHeading(index).mean);
  return { chainLeast: Math.min(0, ...means), chainSum: means.reduce((sum, mean) => sum + mean, 0) };
}

/** For each block what the headings and labels say that it stands under. */
export function labelsOf(page: Labelled): LabelEvidence[] {
  const { blocks, sections, titleIndex, asHeading } = page;
  const boxes = boxesOf(page);
  let passedLeast = 0;
  let chain: readonly number[] = [];
  let ofChain = evidenceOfChain(chain, asHeading);
  return blocks.map(({ container }, i) => {
    const section = sections[i]!;
    const box = boxes.get(container) ?? NO_BOX;
    if (section.heading === i && i > titleIndex) passedLeast = Math.min(passedLeast, asHeading(i).mean);
    // The blocks under one heading share its chain.
    if (section.chain !== chain) ofChain = evidenceOfChain(section.chain, asHeading);
    chain = section.chain;
    return { ...ofChain, boxHeading: box.heading, boxWords: box.words, passedLeast };
  });
}
