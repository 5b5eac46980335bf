import type { Alike } from '../alike.ts';
import type { Block, Container } from '../blocks.ts';
import type { Section } from '../sections.ts';
import { evidenceOfWords, type Lexicon, lexicalWords, type TermEvidence } from './lexicon.ts';
import { evidenceOfHeading, type HeadingEvidence } from './headings.ts';
import { type LabelEvidence, labelsOf } from './labels.ts';
import { type Topic, topicsOf } from './topic.ts';
import { Wording } from './wording.ts';

/** What the words of a page say of its blocks. */
export interface PageWords {
  /** For each block what its words say of it. */
  words: TermEvidence[];
  /** For each block what the heading says that it stands under. */
  headings: HeadingEvidence[];
  /** For each block what all the headings and labels say that it stands under. */
  labels: LabelEvidence[];
  topics: Topic[];
  /** What the words of the blocks around each block say. */
  wording: Wording;
  /** For each block what the words say of those that look like it. */
  alikeWording: number[];
  looselyAlikeWording: number[];
}

/** A page as far as its words are judged by it. */
interface Structure {
  blocks: Block[];
  /** Those of the blocks, from the outermost inwards. */
  containers: Container[];
  sections: Section[];
  alike: Alike[];
  looselyAlike: Alike[];
  /** The element that holds most running text. */
  core: Container;
  /** What the page says that it is about. */
  about: string[];
  titleIndex: number;
}

/** What each block says as the heading of others; read once, and only where asked for. */
function headingReader(words: string[][], lexicon: Lexicon): (index: number) => HeadingEvidence {
  const known = new Map<number, HeadingEvidence>();
  return (index) => {
    let evidence = known.get(index);
    if (evidence === undefined) known.set(index, (evidence = evidenceOfHeading(words[index] ?? [], lexicon)));
    return evidence;
  };
}

/**
 * The first words of each block. Equal ones are one string: as many as there are, they would take
 * tens of megabytes on a large page.
 */
function firstWords(blocks: Block[]): string[][] {
  const known = new Map<string, string>();
  return blocks.map(({ text }) =>
    lexicalWords(text).map((word) => {
      const same = known.get(word);
      if (same === undefined) known.set(word, word);
      return same ?? word;
    }),
  );
}

/** Looks up the words of a page in a lexicon. */
export function readWords(page: Structure, lexicon: Lexicon): PageWords {
  const { blocks, containers, core, sections } = page;
  const first = firstWords(blocks);
  const words = first.map((own) => evidenceOfWords(own, lexicon));
  const means = words.map(({ mean }) => mean);
  const asHeading = headingReader(first, lexicon);
  const wording = new Wording(blocks, means, containers);
  return {
    words,
    headings: sections.map(({ heading }) => asHeading(heading)),
    labels: labelsOf({ ...page, words, asHeading }),
    topics: topicsOf(blocks, first, page.about.flatMap(lexicalWords), core),
    wording,
    alikeWording: wording.among(page.alike),
    looselyAlikeWording: wording.among(page.looselyAlike),
  };
}
