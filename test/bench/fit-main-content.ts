// Fits the forest of src/scrape/main-content to annotated pages and writes forest.json; repeatable: the same pages give the same forest.
// With --check it writes nothing, and prints what forests reach on sites that they were not fitted to (the sites are dealt into three folds).
// Run: node test/bench/fit-main-content.ts [folder of a WCXB split] [--check], then npm run format. Takes two minutes, and as much again for each fold.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { mainContent } from '../../src/scrape/main-content/index.ts';
import { Forest, type ForestData } from '../../src/scrape/main-content/signals/forest.ts';
import { removeNoise } from '../../src/scrape/main-content/noise/index.ts';
import { declarationsOf, readPage } from '../../src/scrape/main-content/signals/page.ts';
import { ContextReader } from '../../src/scrape/main-content/signals/context.ts';
import { SIGNALS } from '../../src/scrape/main-content/signals/signals.ts';
import { toText } from '../../src/scrape/formats/text.ts';
import { shareExpected } from './support/alignment.ts';
import { type AnnotatedPage, mean, scoreOf, wcxbPages, wordsOf } from './support/annotated-pages.ts';
import { Booster, cut, type Examples, randomSource, type Settings } from './support/boosting.ts';

const FOLDS = 3;
const SETTINGS: Settings = {
  trees: 400,
  leaves: 10,
  rate: 0.06,
  signalShare: 0.3,
  exampleShare: 0.7,
  minExamples: 60,
  minHessian: 0.3,
  l2: 3,
};
/** Of the blocks in `nav` and `footer`, which are many and alike, so many stand for all. */
const CHROME_SHARE = 0.25;

interface Example {
  fold: number;
  label: number;
  weight: number;
  values: number[];
}

const measures = Object.values(SIGNALS);
const navigation = Object.keys(SIGNALS).indexOf('mark.<nav>');
const footer = Object.keys(SIGNALS).indexOf('mark.<footer>');

function siteOf(url: string, name: string): string {
  return URL.parse(url)?.hostname.split('.').slice(-2).join('.') ?? name;
}

/** Deals the sites into folds, so that no site is in two. */
function foldsOf(pages: AnnotatedPage[]): Map<AnnotatedPage, number> {
  const random = randomSource(3);
  const sites = [...new Set(pages.map(({ url, name }) => siteOf(url, name)))].toSorted();
  const order = new Map(sites.map((site) => [site, random()]));
  const dealt = sites.toSorted((a, b) => order.get(a)! - order.get(b)!);
  return new Map(pages.map((page) => [page, dealt.indexOf(siteOf(page.url, page.name)) % FOLDS]));
}

/** The blocks of a page as examples. A block weighs as its words do among those of the page and of its content. */
function examplesOf(page: AnnotatedPage, fold: number, random: () => number): Example[] {
  const document = parseHtml(page.html());
  const { title, kinds } = declarationsOf(document);
  removeNoise(document);
  const read = readPage(document, page.url, title, kinds);
  const texts = read.blocks.map(({ texts: nodes }) => nodes.map(({ data }) => data).join(''));
  const counts = texts.map((text) => wordsOf(text).length);
  const shares = shareExpected(texts, page.text);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const scale = Math.sqrt(Math.max(wordsOf(page.text).length, 30) * total);
  const reader = new ContextReader(read);
  return read.blocks.flatMap((_, i) => {
    const context = reader.contextOf(i);
    const values = measures.map((measure) => measure(context));
    const chrome = values[navigation]! < 40 || values[footer]! < 40;
    if (chrome && random() >= CHROME_SHARE) return [];
    const weight = (counts[i]! / scale + 0.001) / (chrome ? CHROME_SHARE : 1);
    return [{ fold, label: shares[i]! >= 0.5 ? 1 : 0, weight, values }];
  });
}

function columnsOf(examples: Example[]): Examples {
  const columns = measures.map((_, signal) =>
    cut(Float32Array.from(examples, ({ values }) => values[signal]!)),
  );
  const average = mean(examples.map(({ weight }) => weight));
  return {
    bins: columns.map(({ bins }) => bins),
    edges: columns.map(({ edges }) => edges),
    labels: Uint8Array.from(examples, ({ label }) => label),
    weights: Float64Array.from(examples, ({ weight }) => weight / average),
  };
}

/** Names the signals that the trees use, and numbers them anew. */
function forestOf(trees: number[][]): ForestData {
  const names = Object.keys(SIGNALS);
  const used = new Map<number, number>();
  const renumbered = trees.map((tree) =>
    tree.map((n, i) => {
      if (i % 2 === 1 || n < 0) return n;
      if (!used.has(n)) used.set(n, used.size);
      return used.get(n)!;
    }),
  );
  return { signals: [...used.keys()].map((signal) => names[signal]!), trees: renumbered };
}

const fit = (examples: Example[]): ForestData =>
  forestOf(new Booster(columnsOf(examples), SETTINGS, 1).fit());

function report(title: string, scores: { type: string; f1: number }[]): void {
  const types = [...new Set(scores.map(({ type }) => type))].toSorted();
  const of = (type: string): string =>
    mean(scores.filter((one) => one.type === type).map(({ f1 }) => f1)).toFixed(3);
  console.log(
    `${title}: F1 ${mean(scores.map(({ f1 }) => f1)).toFixed(4)}; ${types.map((type) => `${type} ${of(type)}`).join(', ')}`,
  );
}

function score(page: AnnotatedPage, forest: Forest): { type: string; f1: number } {
  const text = toText(mainContent(parseHtml(page.html()), page.url, forest));
  return { type: page.type, f1: scoreOf(page.text, text).f1 };
}

const [folder] = process.argv.slice(2).filter((argument) => argument !== '--check');
const pages = wcxbPages(folder ?? join(import.meta.dirname, '../../../shared/extraction/wcxb-sample/dev'));
const folds = foldsOf(pages);
const random = randomSource(5);
const examples = pages.flatMap((page) => examplesOf(page, folds.get(page)!, random));
console.log(`${pages.length} pages, ${examples.length} examples, ${measures.length} signals`);

if (process.argv.includes('--check')) {
  const unseen: { type: string; f1: number }[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const forest = new Forest(fit(examples.filter((example) => example.fold !== fold)));
    unseen.push(...pages.filter((page) => folds.get(page) === fold).map((page) => score(page, forest)));
  }
  report('unseen sites', unseen);
} else {
  const { signals, trees } = fit(examples);
  const lines = trees.map((tree) => `    ${JSON.stringify(tree)}`);
  const json = `{\n  "signals": ${JSON.stringify(signals)},\n  "trees": [\n${lines.join(',\n')}\n  ]\n}\n`;
  writeFileSync(join(import.meta.dirname, '../../src/scrape/main-content/signals/forest.json'), json);
  const forest = new Forest({ signals, trees });
  report(
    'the same pages',
    pages.map((page) => score(page, forest)),
  );
}
