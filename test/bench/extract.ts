// Main content on annotated pages, ours beside competing readers: F1, precision and recall by
// corpus and page type, milliseconds per page; then what test/bench/markdown.ts prints.
// Run: node test/bench/extract.ts [folder of the corpora] [--every N: each Nth page only]; without
// a folder, ../shared/extraction or else test/scrape/main-content/pages. Our model was fitted to
// these corpora, which flatters it. `fit-main-content.ts --check` prints what models reach on sites
// that they were not fitted to.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { toText } from '../../src/scrape/formats/text.ts';
import { mainContent } from '../../src/scrape/main-content/index.ts';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { examplePages } from '../scrape/main-content/example-pages.ts';
import { quantile } from '../support/measure/quantile.ts';
import { competitors, type Readers } from './support/competitors.ts';
import { type AnnotatedPage, annotatedPages, CORPORA } from './extraction/corpora.ts';
import { documentOf } from './extraction/examples.ts';
import { groupsOf, type PageScore, scorePage, summaryOf } from './extraction/scores.ts';

type Reader = (page: AnnotatedPage) => string | Promise<string>;

interface Reading {
  scores: PageScore[];
  ms: number[];
}

const { readers } = (await competitors('readers')) as { readers: Readers };
const READERS = new Map<string, Reader>([
  ['ours', (page) => toText(mainContent(documentOf(page), page.url))],
  ...Object.entries(readers).map(([name, read]): [string, Reader] => [
    name,
    async (page) => toText(parseHtml(await read(page.html(), page.url)).children),
  ]),
]);

const quiet = (): void => undefined;

/** Runs without the console, to which some readers write. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  const { log, warn, error } = console;
  Object.assign(console, { log: quiet, warn: quiet, error: quiet });
  try {
    return await work();
  } finally {
    Object.assign(console, { log, warn, error });
  }
}

/** Reads every page. A reader that throws has found nothing. */
async function readAll(reader: Reader, pages: AnnotatedPage[]): Promise<Reading> {
  const scores: PageScore[] = [];
  const ms: number[] = [];
  for (const page of pages) {
    const html = page.html();
    const start = performance.now();
    let text = '';
    try {
      text = await reader({ ...page, html: () => html });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
    ms.push(performance.now() - start);
    scores.push(scorePage(page, text));
  }
  return { scores, ms };
}

const figure = (n: number): string => n.toFixed(3).replace(/^0/, '').padStart(5);

const options = process.argv.slice(2);
const every = options.includes('--every') ? Number(options[options.indexOf('--every') + 1]) : 1;
const folder = options[0]?.startsWith('--') === false ? options[0] : CORPORA;
const found = annotatedPages(folder).filter((_, i) => i % every === 0);
const pages = found.length > 0 ? found : examplePages();
console.log(
  `${pages.length} pages of ${found.length > 0 ? folder : 'test/scrape/main-content/pages'}; F1, precision, recall\n`,
);

const readings = new Map<string, Reading>();
for (const [name, reader] of READERS) readings.set(name, await silently(() => readAll(reader, pages)));

const line = (label: string, cells: string[]): void =>
  console.log([label.padEnd(30), ...cells.map((cell) => cell.padStart(20))].join(' '));
const groups = [...readings.values()].map(({ scores }) => groupsOf(scores));
line('', [...readings.keys()]);
for (const [name, members] of groups[0]!) {
  const cells = groups.map((group) => {
    const { f1, precision, recall } = summaryOf(group.get(name)!);
    return [f1, precision, recall].map(figure).join(' ');
  });
  line(`${name.padEnd(22)} ${String(members.length).padStart(6)}`, cells);
}
const milliseconds = (q: number): string[] =>
  [...readings.values()].map(({ ms }) => quantile(ms, q).toFixed(1));
line('ms, median', milliseconds(0.5));
line('ms, p95', milliseconds(0.95));

console.log();
spawnSync(process.execPath, [join(import.meta.dirname, 'markdown.ts')], { stdio: 'inherit' });
