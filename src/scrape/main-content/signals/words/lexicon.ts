import type { Element } from 'domhandler';
import { tokensOf } from './tokens.ts';

/** How many words of a text are judged. */
const MAX_WORDS = 24;
const MAX_CHARS = 200;
/**
 * How many words of an id are judged: longer ones name a heading, not the part that an element
 * plays.
 */
const MAX_ID_NAMES = 3;

/**
 * What words and names say of the text that they stand in or around: the log odds that it is
 * content, 0 for one that says nothing. Learnt by test/bench/fit-main-content.ts.
 */
export interface Lexicon {
  word: (word: string) => number;
  name: (name: string) => number;
  /** What a term of a heading says of the text under the heading: see headingTerms. */
  heading: (term: string) => number;
}

/** The log odds of several terms: the words of a text, or the names of an element. */
export interface TermEvidence {
  mean: number;
  least: number;
  most: number;
  sum: number;
}

/** The log odds of the names of an element, and of all elements around it. */
export interface NameEvidence {
  own: number;
  ownLeast: number;
  /** Over the element and all around it. */
  least: number;
  most: number;
  sum: number;
  /** A sum in which an element further out weighs less. */
  near: number;
}

const NEAR_DECAY = 0.6;

/** No terms. */
export const NO_TERMS: TermEvidence = { mean: 0, least: 0, most: 0, sum: 0 };

/** No names. */
export const NO_EVIDENCE: NameEvidence = { own: 0, ownLeast: 0, least: 0, most: 0, sum: 0, near: 0 };

/**
 * The first words of a text as the lexicon knows them: in lower case, numbers by their length.
 */
export function lexicalWords(text: string): string[] {
  const start = text.slice(0, MAX_CHARS).toLowerCase();
  const words: string[] = [];
  for (const [word] of start.matchAll(/[\p{L}\p{N}_]+/gu)) {
    words.push(isNumber(word) ? `#${word.length}` : word);
    if (words.length === MAX_WORDS) break;
  }
  return words;
}

function isNumber(word: string): boolean {
  const first = word.charCodeAt(0);
  return first >= 48 && first <= 57 && /^\d+$/.test(word);
}

/**
 * What authors call an element: its tag, role, microdata property, and the words of its class and
 * id.
 */
export function lexicalNames({ name: tag, attribs }: Element): string[] {
  const { role, itemprop, class: names, id } = attribs;
  const all = new Set([`<${tag}`]);
  if (role !== undefined) all.add(`@${role}`);
  if (itemprop !== undefined) all.add(`=${itemprop}`);
  for (const token of tokensOf(names ?? '')) all.add(token);
  for (const token of tokensOf(id ?? '').slice(0, MAX_ID_NAMES)) all.add(token);
  return [...all];
}

/** The evidence of a text's first words. */
export function evidenceOfWords(words: string[], lexicon: Lexicon): TermEvidence {
  return evidenceOf(words, lexicon.word);
}

/** What the names of one element say by themselves. */
export function evidenceOfNames(names: string[], lexicon: Lexicon): TermEvidence {
  return evidenceOf(names, lexicon.name);
}

function evidenceOf(terms: string[], oddsOf: (term: string) => number): TermEvidence {
  if (terms.length === 0) return NO_TERMS;
  let sum = 0;
  let least = Infinity;
  let most = -Infinity;
  for (const term of terms) {
    const odds = oddsOf(term);
    sum += odds;
    least = Math.min(least, odds);
    most = Math.max(most, odds);
  }
  return { mean: sum / terms.length, least, most, sum };
}

/** The evidence of an element within what is around it. */
export function withinNames(own: TermEvidence, around: NameEvidence): NameEvidence {
  return {
    own: own.mean,
    ownLeast: own.least,
    least: Math.min(around.least, own.least),
    most: Math.max(around.most, own.most),
    sum: around.sum + own.mean,
    near: NEAR_DECAY * around.near + own.mean,
  };
}

/** A lexicon as it is stored. */
export interface LexiconData {
  words: Record<string, number>;
  names: Record<string, number>;
  headings: Record<string, number>;
}

/** A lexicon that looks its words up. */
export function storedLexicon({ words, names, headings }: LexiconData): Lexicon {
  return {
    word: lookedUp(words),
    name: lookedUp(names),
    heading: lookedUp(headings),
  };
}

function lookedUp(odds: Record<string, number>): (key: string) => number {
  const map = new Map(Object.entries(odds));
  return (key) => map.get(key) ?? 0;
}
