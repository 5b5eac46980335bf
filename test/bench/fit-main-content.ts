// Fits the model of src/scrape/main-content to annotated pages and writes model.json. Repeatable:
// the same pages give the same model. With --check it writes nothing and prints what models reach
// on sites that they were not fitted to: the sites are dealt into folds, and each fold is judged by
// a model of the others. --fold N judges one fold only. Run: node test/bench/fit-main-content.ts
// [folder of the corpora] [--check] [--fold N], then npm run format.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findContent, type Model } from '../../src/scrape/main-content/find-content.ts';
import { Forest, type ForestData } from '../../src/scrape/main-content/signals/forest.ts';
import { type LexiconData, storedLexicon } from '../../src/scrape/main-content/signals/words/lexicon.ts';
import { SIGNALS } from '../../src/scrape/main-content/signals/signals.ts';
import { toText } from '../../src/scrape/formats/text.ts';
import { Booster, cut, type Examples, randomSource, type Settings } from './extraction/boosting.ts';
import { type AnnotatedPage, annotatedPages, CORPORA, siteOf } from './extraction/corpora.ts';
import { countsOf, documentOf, type Example, examplesOf } from './extraction/examples.ts';
import { LexiconCounts, type PageCounts } from './extraction/lexicon-counts.ts';
import { printScores } from './support/report.ts';
import { type PageScore, scorePage } from './extraction/scores.ts';

const FOLDS = 3;
/** The sites are dealt into so many parts to learn the forest from lexicons of the other parts. */
const LEXICON_PARTS = 8;
const SETTINGS: Settings = {
  trees: 360,
  leaves: 24,
  rate: 0.045,
  signalShare: 0.25,
  exampleShare: 0.7,
  minExamples: 100,
  minHessian: 0.3,
  l2: 10,
};
/**
 * A short fit ranks the signals; the forest is grown on the best of them, so that few have to be
 * measured.
 */
const RANKING: Settings = { ...SETTINGS, trees: 40, rate: 0.2 };
const SIGNALS_KEPT = 100;

const names = Object.keys(SIGNALS);

/** Deals the sites of pages into parts, so that no site is in two. */
function dealt(pages: AnnotatedPage[], parts: number): Map<AnnotatedPage, number> {
  const random = randomSource(3);
  const sites = [...new Set(pages.map(siteOf))].toSorted();
  const order = new Map(sites.map((site) => [site, random()]));
  const shuffled = sites.toSorted((a, b) => order.get(a)! - order.get(b)!);
  const partOf = new Map(shuffled.map((site, i) => [site, i % parts]));
  return new Map(pages.map((page) => [page, partOf.get(siteOf(page))!]));
}

function columnsOf(examples: Example[], signals: number[]): Examples {
  const columns = signals.map((signal) => cut(Float32Array.from(examples, ({ values }) => values[signal]!)));
  const average = examples.reduce((sum, { weight }) => sum + weight, 0) / examples.length;
  return {
    bins: columns.map(({ bins }) => bins),
    edges: columns.map(({ edges }) => edges),
    labels: Uint8Array.from(examples, ({ label }) => label),
    weights: Float64Array.from(examples, ({ weight }) => weight / average),
  };
}

function forestOf(examples: Example[]): ForestData {
  const ranking = new Booster(columnsOf(examples, [...names.keys()]), RANKING, 2);
  ranking.fit();
  const ranked = [...names.keys()].toSorted((a, b) => ranking.gains[b]! - ranking.gains[a]!);
  const kept = ranked.slice(0, SIGNALS_KEPT).filter((signal) => ranking.gains[signal]! > 0);
  const trees = new Booster(columnsOf(examples, kept), SETTINGS, 1).fit();
  return { signals: kept.map((signal) => names[signal]!), trees };
}

/**
 * Fits a model. The forest learns each page from the lexicon of the other parts of the sites, for
 * the words and names of a site say more of its own pages than of any other.
 */
function fit(pages: AnnotatedPage[], counts: Map<AnnotatedPage, PageCounts>): LexiconData & ForestData {
  const countsBySite = (of: AnnotatedPage[]): PageCounts[][] =>
    [...Map.groupBy(of, siteOf).values()].map((site) => site.map((page) => counts.get(page)!));
  const lexicon = new LexiconCounts(countsBySite(pages));
  const partOf = dealt(pages, LEXICON_PARTS);
  const parts = Array.from({ length: LEXICON_PARTS }, (_, part) =>
    lexicon.without(countsBySite(pages.filter((page) => partOf.get(page) === part))),
  );
  const examples = pages.flatMap((page, i) => examplesOf(page, parts[partOf.get(page)!]!, randomSource(i)));
  console.log(`${pages.length} pages, ${examples.length} examples of ${names.length} signals`);
  return { ...lexicon.data(), ...forestOf(examples) };
}

const modelOf = (data: LexiconData & ForestData): Model => ({
  lexicon: storedLexicon(data),
  forest: new Forest(data),
});

const judge = (page: AnnotatedPage, model: Model): PageScore =>
  scorePage(page, toText(findContent(documentOf(page), page.url, model)));

function write({ signals, trees, ...lexicon }: LexiconData & ForestData): void {
  const forest = trees.map((tree) => `    ${JSON.stringify(tree)}`).join(',\n');
  const kinds = Object.entries(lexicon).map(([kind, odds]) => `  "${kind}": ${JSON.stringify(odds)},\n`);
  const json = `{
${kinds.join('')}  "signals": ${JSON.stringify(signals)},
  "trees": [\n${forest}\n  ]\n}\n`;
  writeFileSync(join(import.meta.dirname, '../../src/scrape/main-content/signals/model.json'), json);
}

const options = process.argv.slice(2);
const only = options.includes('--fold') ? Number(options[options.indexOf('--fold') + 1]) : null;
const pages = annotatedPages(options[0]?.startsWith('--') === false ? options[0] : CORPORA);
const folds = dealt(pages, FOLDS);
const counts = new Map(pages.map((page) => [page, countsOf(page)]));

if (options.includes('--check') || only !== null) {
  const unseen: PageScore[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    if (only !== null && fold !== only) continue;
    const training = pages.filter((page) => folds.get(page) !== fold);
    const model = modelOf(fit(training, counts));
    unseen.push(...pages.filter((page) => folds.get(page) === fold).map((page) => judge(page, model)));
  }
  printScores('unseen sites', unseen);
} else {
  const data = fit(pages, counts);
  const model = modelOf(data);
  write(data);
  printScores(
    'the same pages',
    pages.map((page) => judge(page, model)),
  );
}
