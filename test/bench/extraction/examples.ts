import type { Document } from 'domhandler';
import { closeHead } from '../../../src/scrape/decode/unclosed-head.ts';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { removeNoise } from '../../../src/scrape/main-content/noise/index.ts';
import type { Block, Container } from '../../../src/scrape/main-content/signals/blocks.ts';
import { ContextReader } from '../../../src/scrape/main-content/signals/block-context.ts';
import {
  type Lexicon,
  lexicalNames,
  lexicalWords,
} from '../../../src/scrape/main-content/signals/words/lexicon.ts';
import { headingTerms } from '../../../src/scrape/main-content/signals/words/headings.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { type Page, readPage } from '../../../src/scrape/main-content/signals/page.ts';
import { SIGNALS } from '../../../src/scrape/main-content/signals/signals.ts';
import { shareExpected } from './alignment.ts';
import type { AnnotatedPage } from './corpora.ts';
import { ofEachKind, type PageCounts } from './lexicon-counts.ts';
import { wordsOf } from './scores.ts';

/** Of the blocks in `nav` and `footer`, which are many and alike, this share stands for all. */
const CHROME_SHARE = 0.2;
/** Blocks of one page that are learnt from, about. */
const MAX_EXAMPLES = 250;
/** The weight of a block of which only a snippet is known. */
const SNIPPET_WEIGHT = 0.15;
/** Pages of readability are few, and judged with care. */
const WEIGHTS: Record<string, number> = { readability: 1.5 };

/** One block to learn from. */
export interface Example {
  label: number;
  weight: number;
  values: Float32Array;
}

const measures = Object.values(SIGNALS);
const nothing = (): number => 0;
const IGNORANT: Lexicon = { word: nothing, name: nothing, heading: nothing };
const CHROME = ['nav', 'footer'];

export function documentOf(page: AnnotatedPage): Document {
  const document = parseHtml(page.html());
  closeHead(document);
  return document;
}

function read(annotated: AnnotatedPage, lexicon: Lexicon): Page {
  const document = documentOf(annotated);
  const declarations = declarationsOf(document);
  removeNoise(document);
  return readPage(document, annotated.url, declarations, lexicon);
}

/**
 * Where the page holds less of the text that people took from it, the two do not belong together.
 */
const MIN_COVERAGE = 0.6;

/**
 * Whether most of the annotated text is on the page. A page of which none is wanted teaches
 * nothing.
 */
function isCovered({ text }: AnnotatedPage, labels: (number | null)[], counts: number[]): boolean {
  if (text === null) return true;
  const found = labels.reduce((sum: number, label, i) => sum + (label ?? 0) * counts[i]!, 0);
  return found > 0 && found >= wordsOf(text).length * MIN_COVERAGE;
}

const textOf = ({ texts }: Block): string => texts.map(({ data }) => data).join('');

/** For each block the share of it that is content, null where that is not known. */
function labelsOf(annotated: AnnotatedPage, texts: string[]): (number | null)[] {
  if (annotated.text !== null) return shareExpected(texts, annotated.text);
  const labels: (number | null)[] = texts.map(() => null);
  const lines = texts.map((text) => text.replace(/\s+/g, ' ').trim());
  const all = lines.join(' ');
  const mark = (snippets: string[], label: number): void => {
    for (const snippet of snippets) {
      const wanted = snippet.replace(/\s+/g, ' ').trim();
      const from = all.indexOf(wanted);
      let start = 0;
      for (const [i, line] of lines.entries()) {
        if (from >= 0 && start < from + wanted.length && start + line.length > from) labels[i] = label;
        start += line.length + 1;
      }
    }
  };
  mark(annotated.unwanted, 0);
  mark(annotated.wanted, 1);
  return labels;
}

function addTo(counts: PageCounts['words'], key: string, [content, clutter]: [number, number]): void {
  const count = counts.get(key) ?? { content: 0, clutter: 0, sites: 1 };
  counts.set(key, { content: count.content + content, clutter: count.clutter + clutter, sites: 1 });
}

/** What the labels of a page say of its words and of the names of its elements. */
export function countsOf(annotated: AnnotatedPage): PageCounts {
  const page = read(annotated, IGNORANT);
  const counts: PageCounts = ofEachKind(() => new Map());
  const texts = page.blocks.map(textOf);
  const labels = labelsOf(annotated, texts);
  const known = new Map<Container, [number, number]>();
  for (const [i, block] of page.blocks.entries()) {
    const label = labels[i]!;
    if (label === null) continue;
    const content = label >= 0.5 ? 1 : 0;
    for (const word of new Set(lexicalWords(block.text))) addTo(counts.words, word, [content, 1 - content]);
    const words = wordsOf(texts[i]!).length;
    for (let at: Container | null = block.container; at !== null; at = at.parent) {
      const sums = known.get(at) ?? [0, 0];
      sums[1 - content]! += words;
      known.set(at, sums);
    }
  }
  countHeadings(counts.headings, page, labels);
  for (const count of counts.words.values()) {
    count.content = Math.log1p(count.content);
    count.clutter = Math.log1p(count.clutter);
  }
  for (const [{ element }, [content, clutter]] of known) {
    if (element === null || /^(?:html|body)$/.test(element.name)) continue;
    for (const name of lexicalNames(element)) addTo(counts.names, name, [content, clutter]);
  }
  for (const kind of [counts.names, counts.headings]) {
    for (const [name, count] of kind) {
      const all = count.content + count.clutter;
      if (all === 0) kind.delete(name);
      else Object.assign(count, { content: count.content / all, clutter: count.clutter / all });
    }
  }
  return counts;
}

/** Counts how much of what stands under each heading is content, by the terms of the heading. */
function countHeadings(counts: PageCounts['headings'], page: Page, labels: (number | null)[]): void {
  const under = new Map<number, [number, number]>();
  for (const [i, { heading }] of page.sections.entries()) {
    const label = labels[i]!;
    if (heading < 0 || heading === i || label === null) continue;
    const sums = under.get(heading) ?? [0, 0];
    sums[label >= 0.5 ? 0 : 1] += page.blocks[i]!.words;
    under.set(heading, sums);
  }
  for (const [heading, sums] of under)
    for (const term of headingTerms(page.blocks[heading]!.text)) addTo(counts, term, sums);
}

function isChrome(block: Block): boolean {
  for (let at: Container | null = block.container; at !== null; at = at.parent)
    if (CHROME.includes(at.element?.name ?? '')) return true;
  return false;
}

/**
 * The blocks of a page as examples. A block weighs as its words do among those of the page and of
 * its content.
 */
export function examplesOf(annotated: AnnotatedPage, lexicon: Lexicon, random: () => number): Example[] {
  const page = read(annotated, lexicon);
  const texts = page.blocks.map(textOf);
  const labels = labelsOf(annotated, texts);
  const counts = texts.map((text) => wordsOf(text).length);
  if (!isCovered(annotated, labels, counts)) return [];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const scale = Math.sqrt(Math.max(wordsOf(annotated.text ?? '').length, 30) * total);
  const chances: number[] = page.blocks.map((block, i) =>
    counts[i] === 0 ? 0 : isChrome(block) ? CHROME_SHARE : 1,
  );
  const expected = chances.reduce((sum, chance) => sum + chance, 0);
  const share = annotated.text === null ? 1 : Math.min(1, MAX_EXAMPLES / expected);
  const reader = new ContextReader(page);
  return page.blocks.flatMap((_, i) => {
    const label = labels[i]!;
    const chance = annotated.text === null ? 1 : chances[i]! * share;
    if (label === null || random() >= chance) return [];
    const weight = annotated.text === null ? SNIPPET_WEIGHT : counts[i]! / scale + 0.001;
    const context = reader.contextOf(i);
    return [
      {
        label: label >= 0.5 ? 1 : 0,
        weight: Math.fround((weight * (WEIGHTS[annotated.corpus] ?? 1)) / chance),
        values: Float32Array.from(measures, (measure) => measure(context)),
      },
    ];
  });
}
