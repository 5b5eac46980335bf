import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A page and the text that people called its main content. */
export interface AnnotatedPage {
  name: string;
  url: string;
  type: string;
  html: () => string;
  text: string;
}

interface Annotation {
  url: string;
  _internal: { page_type: { primary: string } };
  ground_truth: { main_content: string };
}

/** The pages of one split of the Web Content Extraction Benchmark (WCXB, by Murrough Foley, CC-BY-4.0). */
export function wcxbPages(folder: string): AnnotatedPage[] {
  const names = readdirSync(join(folder, 'ground-truth')).map((file) => file.replace('.json', ''));
  return names.toSorted().map((name) => {
    const page = JSON.parse(readFileSync(join(folder, 'ground-truth', `${name}.json`), 'utf8')) as Annotation;
    const { _internal: internal } = page;
    const type = internal.page_type.primary;
    return {
      name,
      url: page.url,
      type: type === 'category' ? 'collection' : type,
      html: () => gunzipSync(readFileSync(join(folder, 'html', `${name}.html.gz`))).toString(),
      text: page.ground_truth.main_content,
    };
  });
}

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
