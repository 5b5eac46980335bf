// HTML to Markdown, ours beside turndown, node-html-markdown and mdream (native): pages of ordinary
// markup, then inputs that are hard on
// recursion and on anything quadratic. Every run is a process of its own with a time limit; the
// figure is the best of at least three (MB of HTML per second;
// ours includes parsing, the last column does not). Run: node test/bench/markdown.ts [seconds per
// run]
import { fork } from 'node:child_process';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { toMarkdown } from '../../src/scrape/markdown/index.ts';
import { competitors, type Writers } from './support/competitors.ts';

const BASE = 'https://example.com/';
const MIN_ROUNDS = 3;
/** Short runs repeat for so long, so that the compiler has seen the code. */
const MIN_MS = 1500;

const PARAGRAPH =
  '<p>Some ordinary <b>prose</b> with a <a href="/page?a=1&amp;b=2">link</a>, <code>code()</code> and <em>more</em> text, which goes on for a ' +
  'while, as the text of pages does: it has commas, (parentheses), "quotes" and 3 * 4 = 12; nothing in it needs an escape.</p>\n';
const SECTION =
  `<section class="block block--text"><h2 id="s">A heading of a section</h2>${PARAGRAPH.repeat(3)}<ul class="list"><li>One</li><li>Two <a href="b">b</a></li></ul>` +
  '<pre><code class="language-js">const a = 1;\nfor (const b of c) d(b);\n</code></pre><figure><img src="/a.jpg" srcset="/a.jpg 480w, /b.jpg 960w" alt="An image">' +
  '<figcaption>What it shows</figcaption></figure><table><thead><tr><th>Name</th><th>Value</th></tr></thead><tbody><tr><td>a</td><td>1</td></tr></tbody></table></section>\n';

function repeatTo(megabytes: number, html: string): string {
  return html.repeat(Math.ceil((megabytes * 1e6) / html.length));
}

const INPUTS: Record<string, () => string> = {
  'page of 100 KB': () => repeatTo(0.1, SECTION),
  'page of 1 MB': () => repeatTo(1, SECTION),
  'page of 10 MB': () => repeatTo(10, SECTION),
  'prose of 10 MB': () => repeatTo(10, PARAGRAPH),
  'one text of 10 MB': () => `<p>${repeatTo(10, 'word and word, ')}</p>`,
  'a million entities': () => `<p>${'&amp; '.repeat(1e6)}</p>`,
  'code of 10 MB': () => `<pre><code>${repeatTo(10, 'if (a &lt; b) return c;\n')}</code></pre>`,
  '20,000 nested divs': () => `${'<div>a'.repeat(20_000)}${'</div>'.repeat(20_000)}`,
  '20,000 nested spans': () => `${'<span>a'.repeat(20_000)}${'</span>'.repeat(20_000)}`,
  '1,000 nested lists': () => `${'<ul><li>a'.repeat(1000)}${'</li></ul>'.repeat(1000)}`,
  '1,000 nested quotes': () => `${'<blockquote>a'.repeat(1000)}${'</blockquote>'.repeat(1000)}`,
  '2,000 nested tables': () => `${'<table><tr><td>a'.repeat(2000)}${'</td></tr></table>'.repeat(2000)}`,
  'table of 100,000 rows': () =>
    `<table><tr><th>a</th><th>b</th></tr>${'<tr><td>1</td><td>x | y</td></tr>'.repeat(100_000)}</table>`,
  'list of 200,000 items': () => `<ul>${'<li>an item</li>'.repeat(200_000)}</ul>`,
  '500,000 line breaks': () => `<p>${'a line<br>'.repeat(500_000)}</p>`,
  '100,000 links in a paragraph': () => `<p>${'<a href="/x">a</a> '.repeat(100_000)}</p>`,
  'a million stars': () => `<p>${'*a_[b]'.repeat(1e6)}</p>`,
};

const { writers } = (await competitors('writers')) as { writers: Writers };

const CONVERTERS: Record<string, () => Promise<(html: string) => string>> = {
  ours: async () => (html) => toMarkdown(parseHtml(html).children, BASE),
  ...writers,
  'ours, parsed': async () => (html) => html,
};

interface Job {
  converter: string;
  input: string;
}

async function convert({ converter, input }: Job): Promise<number> {
  const html = INPUTS[input]!();
  const run = await CONVERTERS[converter]!();
  let best = Infinity;
  const begin = performance.now();
  for (let round = 0; round < MIN_ROUNDS || performance.now() - begin < MIN_MS; round++) {
    const { children } = converter === 'ours, parsed' ? parseHtml(html) : { children: [] };
    const start = performance.now();
    const markdown = children.length > 0 ? toMarkdown(children, BASE) : run(html);
    best = Math.min(best, performance.now() - start);
    if (markdown.length === 0) throw new Error('nothing came out');
  }
  return html.length / 1000 / best;
}

/** Megabytes per second of one converter on one input, or why there is no figure. */
function measure(job: Job, seconds: number): Promise<string> {
  return new Promise((resolve) => {
    const child = fork(import.meta.filename, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    let outcome = 'crashes';
    const timer = setTimeout(() => {
      outcome = `> ${seconds} s`;
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.on('message', (message: { rate: number } | { error: string }) => {
      outcome = 'rate' in message ? message.rate.toFixed(1) : message.error;
    });
    child.on('exit', () => {
      clearTimeout(timer);
      resolve(outcome);
    });
    child.send(job);
  });
}

function serve(): void {
  process.once('message', (job: Job) => {
    convert(job).then(
      (rate) => process.send!({ rate }, () => process.exit()),
      (error: unknown) =>
        process.send!({ error: error instanceof RangeError ? 'overflows' : 'throws' }, () => process.exit()),
    );
  });
}

async function main(seconds: number): Promise<void> {
  const converters = Object.keys(CONVERTERS);
  console.log(`${'MB/s'.padEnd(30)}${converters.map((name) => name.padStart(20)).join('')}`);
  for (const input of Object.keys(INPUTS)) {
    let line = input.padEnd(30);
    for (const converter of converters) line += (await measure({ converter, input }, seconds)).padStart(20);
    console.log(line);
  }
}

if (process.send) serve();
else await main(Number(process.argv[2] ?? 20));
