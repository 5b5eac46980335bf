// Main content, ours beside @mozilla/readability (linkedom) and defuddle: F1, precision and recall of words by page type, milliseconds per page;
// then what test/bench/markdown.ts prints, in MB/s beside other writers of Markdown.
// Run: node test/bench/extract.ts [folder of a WCXB split, with html/ and ground-truth/]; without one, the pages of test/scrape/pages.
// The forest was fitted to the pages of ../shared/extraction, so that there ours is flattered; test/bench/fit-main-content.ts prints what
// forests reach on sites that they have not seen.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { mainContent } from '../../src/scrape/main-content/index.ts';
import { toText } from '../../src/scrape/formats/text.ts';
import { competitors, type Readers } from './support/competitors.ts';
import { mean, type Score, scoreOf, wcxbPages, type AnnotatedPage } from './support/annotated-pages.ts';
import { examplePages } from '../scrape/example-pages.ts';
import { quantile } from '../support/quantile.ts';

const textOf = (html: string): string => toText(parseHtml(html).children);

const { readers } = (await competitors('readers')) as { readers: Readers };
const EXTRACTORS: Record<string, (html: string, url: string) => string | Promise<string>> = {
  ours: (html, url) => toText(mainContent(parseHtml(html), url)),
};
for (const [name, read] of Object.entries(readers))
  EXTRACTORS[name] = async (html, url) => textOf(await read(html, url));

interface Result extends Score {
  type: string;
  ms: number;
}

async function run(
  extract: (html: string, url: string) => string | Promise<string>,
  page: AnnotatedPage,
): Promise<Result> {
  const html = page.html();
  const start = performance.now();
  let text = '';
  try {
    text = await extract(html, page.url);
  } catch {
    // What throws has found nothing.
  }
  return { type: page.type, ms: performance.now() - start, ...scoreOf(page.text, text) };
}

const figure = (n: number): string => n.toFixed(3).replace(/^0/, '').padStart(5);

function row(type: string, results: Map<string, Result[]>): string {
  const cells = [...results.values()].map((all) => {
    const of = type === 'all' ? all : all.filter((result) => result.type === type);
    return [of.map((r) => r.f1), of.map((r) => r.precision), of.map((r) => r.recall)]
      .map((list) => figure(mean(list)))
      .join(' ');
  });
  const count = [...results.values()][0]!.filter((result) => type === 'all' || result.type === type).length;
  return [type.padEnd(14), String(count).padStart(5), ...cells.map((cell) => cell.padStart(20))].join(' ');
}

const folder = process.argv[2] ?? join(import.meta.dirname, '../../../shared/extraction/wcxb-sample/dev');
const pages = existsSync(folder) ? wcxbPages(folder) : examplePages();
console.log(
  `${pages.length} pages of ${existsSync(folder) ? folder : 'test/scrape/pages'}; F1, precision, recall\n`,
);

const { log, warn, error } = console;
const results = new Map<string, Result[]>();
for (const [name, extract] of Object.entries(EXTRACTORS)) {
  Object.assign(console, { log: () => {}, warn: () => {}, error: () => {} });
  const all: Result[] = [];
  for (const page of pages) all.push(await run(extract, page));
  Object.assign(console, { log, warn, error });
  results.set(name, all);
}

console.log([''.padEnd(20), ...[...results.keys()].map((name) => name.padStart(20))].join(' '));
for (const type of [...new Set(pages.map((page) => page.type))].toSorted()) console.log(row(type, results));
console.log(row('all', results));
for (const [q, label] of [
  [0.5, 'ms, median'],
  [0.95, 'ms, p95'],
] as const) {
  const cells = [...results.values()].map((all) =>
    quantile(
      all.map(({ ms }) => ms),
      q,
    )
      .toFixed(1)
      .padStart(20),
  );
  console.log([label.padEnd(20), ...cells].join(' '));
}

console.log();
spawnSync(process.execPath, [join(import.meta.dirname, 'markdown.ts')], { stdio: 'inherit' });
