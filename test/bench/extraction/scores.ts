import { type AnnotatedPage } from './corpora.ts';

export interface Score {
  f1: number;
  precision: number;
  recall: number;
}

/** The words of a text in lower case. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

/** How far two texts hold the same words, each as often. Two texts without words agree. */
export function scoreOf(expected: string, actual: string): Score {
  const wanted = wordsOf(expected);
  const found = wordsOf(actual);
  if (wanted.length === 0 && found.length === 0) return { f1: 1, precision: 1, recall: 1 };
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let hits = 0;
  for (const word of found) {
    const count = left.get(word) ?? 0;
    if (count > 0) hits++;
    left.set(word, count - 1);
  }
  return {
    f1: (2 * hits) / (wanted.length + found.length),
    precision: found.length === 0 ? 0 : hits / found.length,
    recall: wanted.length === 0 ? 0 : hits / wanted.length,
  };
}

export function mean(numbers: number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}

const squash = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** How an extraction of one page compares with what people said of it. */
export interface PageScore {
  page: AnnotatedPage;
  /** Null where only snippets are known. */
  words: Score | null;
  /** Snippets that were wanted and found, not wanted and found, wanted and missed. */
  snippets: { hits: number; clutter: number; missed: number };
}

export function scorePage(page: AnnotatedPage, actual: string): PageScore {
  const text = squash(actual);
  const found = (snippets: string[]): number => snippets.filter((s) => text.includes(squash(s))).length;
  const hits = found(page.wanted);
  return {
    page,
    words: page.text === null ? null : scoreOf(page.text, actual),
    snippets: { hits, clutter: found(page.unwanted), missed: page.wanted.length - hits },
  };
}

/**
 * Over pages with whole texts the means of the pages' scores, over pages with snippets the score of
 * all snippets.
 */
export function summaryOf(scores: PageScore[]): Score {
  const whole = scores.flatMap(({ words }) => (words === null ? [] : [words]));
  if (whole.length > 0) {
    return {
      f1: mean(whole.map(({ f1 }) => f1)),
      precision: mean(whole.map(({ precision }) => precision)),
      recall: mean(whole.map(({ recall }) => recall)),
    };
  }
  const sum = (of: (snippets: PageScore['snippets']) => number): number =>
    scores.reduce((total, { snippets }) => total + of(snippets), 0);
  const [hits, clutter, missed] = [sum((s) => s.hits), sum((s) => s.clutter), sum((s) => s.missed)];
  return {
    f1: (2 * hits) / (2 * hits + clutter + missed || 1),
    precision: hits / (hits + clutter || 1),
    recall: hits / (hits + missed || 1),
  };
}

/** The scores by corpus and, within a corpus of several types, by type. */
export function groupsOf(scores: PageScore[]): Map<string, PageScore[]> {
  const groups = new Map<string, PageScore[]>();
  const push = (name: string, score: PageScore): void => {
    groups.set(name, [...(groups.get(name) ?? []), score]);
  };
  for (const score of scores) push(score.page.corpus, score);
  for (const [corpus, members] of groups.entries().toArray()) {
    const types = [...new Set(members.map(({ page }) => page.type))].toSorted();
    if (types.length < 2) continue;
    for (const score of members) push(`${corpus} ${score.page.type}`, score);
  }
  return new Map([...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
