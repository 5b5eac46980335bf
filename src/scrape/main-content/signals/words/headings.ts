import { type Lexicon, lexicalWords } from './lexicon.ts';

/** A heading of at most so many words is looked up as a whole too. */
const MAX_WHOLE = 4;
/** Stands in a term for the beginning and the end of a heading. */
const EDGE = '|';

/** The log odds that text is content, by the heading that it stands under. */
export interface HeadingEvidence {
  mean: number;
  least: number;
  most: number;
  /** That of the whole heading, where it is short. */
  whole: number;
}

const NO_HEADING: HeadingEvidence = { mean: 0, least: 0, most: 0, whole: 0 };

function wholeOf(words: string[]): string | null {
  return words.length > MAX_WHOLE ? null : `${EDGE} ${words.join(' ')} ${EDGE}`;
}

/**
 * The terms by which a lexicon knows a heading: its first words, each two that follow each other,
 * the word that it begins with, and a short heading as a whole.
 */
export function headingTerms(text: string): string[] {
  return termsOf(lexicalWords(text));
}

function termsOf(words: string[]): string[] {
  if (words.length === 0) return [];
  const pairs = words.map((word, i) => `${i === 0 ? EDGE : words[i - 1]} ${word}`);
  const whole = wholeOf(words);
  return [...new Set([...words, ...pairs, ...(whole === null ? [] : [whole])])];
}

/** What a heading of these words says of the text under it. */
export function evidenceOfHeading(words: string[], lexicon: Lexicon): HeadingEvidence {
  if (words.length === 0) return NO_HEADING;
  const terms = termsOf(words);
  const whole = wholeOf(words);
  const odds = terms.map(lexicon.heading);
  return {
    mean: odds.reduce((sum, n) => sum + n, 0) / odds.length,
    least: Math.min(0, ...odds),
    most: Math.max(0, ...odds),
    whole: whole === null ? 0 : lexicon.heading(whole),
  };
}
