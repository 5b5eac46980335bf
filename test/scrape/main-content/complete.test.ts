import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { complete } from '../../../src/scrape/main-content/rules/complete.ts';
import { withoutRepeats } from '../../../src/scrape/main-content/rules/repeats.ts';
import { readPage } from '../../../src/scrape/main-content/signals/page.ts';

const nothing = () => 0;
const IGNORANT = { word: nothing, name: nothing, heading: nothing };
const UNDECLARED = { title: '', description: '', kinds: new Set<string>() };
const LONG = 'The river had risen overnight, and the people of the lower town carried their chairs upstairs.';

/**
 * What is added to a choice of the blocks that say LONG, where everything else is as likely as
 * given.
 */
function added(html: string, probability: number): string[] {
  const page = readPage(parseHtml(html), 'https://example.com/', UNDECLARED, IGNORANT);
  const chosen = new Set(page.blocks.filter(({ text }) => text.startsWith(LONG)));
  const probabilities = Float64Array.from(page.blocks, (block) => (chosen.has(block) ? 0.9 : probability));
  const kept = complete(page, chosen, probabilities);
  for (const block of chosen) assert.ok(kept.has(block));
  return page.blocks.filter((block) => kept.has(block) && !chosen.has(block)).map(({ text }) => text);
}

test('headings come back with what stands under them, and no others', () => {
  const html = `<main><h2>Kept</h2><h3>And this</h3><p>${LONG}</p><h2>Dropped</h2><ul><li><a href="/a">Elsewhere</a></li></ul></main>`;
  assert.deepEqual(added(html, 0.25), ['Kept', 'And this']);
});

test('terms and captions come back with what they name', () => {
  const html = `<main><dl><dt><code>--all</code></dt><dd>${LONG}</dd><dt>--none</dt><dd>short</dd></dl><table><caption>Waters</caption><tr><td>${LONG}</td></tr></table></main>`;
  assert.deepEqual(added(html, 0.25), ['--all', 'Waters']);
});

test('the title of the page comes back, but not the name of the site', () => {
  assert.deepEqual(added(`<h1>River</h1><p>by somebody</p><main><p>${LONG}</p></main>`, 0.25), ['River']);
  assert.deepEqual(added(`<header><h1>The Gazette</h1></header><main><p>${LONG}</p></main>`, 0.25), []);
  assert.deepEqual(
    added(`<h1>The Gazette</h1><p>Since 1907</p><main><h1>River</h1><p>${LONG}</p></main>`, 0.25),
    ['River'],
  );
});

const between = (middle: string): string =>
  `<main>${`<p>${LONG}</p>`.repeat(4)}${middle}${`<p>${LONG}</p>`.repeat(4)}</main>`;

test('text inside of what is kept comes back where it is not unlikely', () => {
  const html = between('<blockquote>To the ferry!</blockquote>');
  assert.deepEqual(added(html, 0.4), ['To the ferry!']);
  assert.deepEqual(added(html, 0.05), []);
});

test('code comes back where most of what is around it is kept, however unlikely it is', () => {
  assert.deepEqual(added(between('<pre>ferry --now</pre>'), 0.05), ['ferry --now']);
  const others = '<p>Chairs for sale</p>'.repeat(30);
  assert.deepEqual(added(`<div>${others}<p>${LONG}</p><pre>ferry --now</pre></div>`, 0.05), []);
});

test('links and buttons inside of what is kept are judged on their own', () => {
  assert.deepEqual(added(between('<p><a href="/more">More of this</a></p>'), 0.4), []);
  assert.deepEqual(added(between('<button>Copy</button>'), 0.4), []);
  assert.deepEqual(added(between('<aside class="related">In other news</aside>'), 0.4), []);
});

test('a quotation comes back with the name of its author', () => {
  const quote = `<blockquote><p>${LONG}</p><footer>Ann Author</footer></blockquote>`;
  assert.deepEqual(added(`<main><p>${LONG}</p>${quote}</main>`, 0.3), ['Ann Author']);
  assert.deepEqual(added(`<main><p>${LONG}</p>${quote}</main>`, 0.2), []);
});

test('a list of links is kept whole where most of it is kept', () => {
  const html = `<ul><li>${LONG}</li><li><a href="/a">The ferry</a></li></ul><ul><li><a href="/b">Imprint</a></li></ul>`;
  assert.deepEqual(added(html, 0.4), ['The ferry']);
  assert.deepEqual(added(html, 0.05), []);
});

test('a paragraph between the title and the text leads into it', () => {
  const lead = 'A short summary of what the river did to the lower town in one night of rain.';
  const html = `<h1>River</h1><p>${lead}</p><p>By a neighbour</p><div><p>${LONG}</p></div>`;
  assert.deepEqual(
    added(html, 0.2),
    [lead, 'River'].toSorted((a, b) => html.indexOf(a) - html.indexOf(b)),
  );
  assert.deepEqual(added(html, 0.1), ['River']);
});

test('what the page says again elsewhere goes, and a refrain stays', () => {
  const [first, ...others] = Array.from({ length: 14 }, (_, i) => `<p>${LONG} Verse ${i}.</p>`);
  const verses = [first, ...others].join('');
  const page = readPage(
    parseHtml(`<div><div>${verses}${first}</div></div><section><div><div>${verses}</div></div></section>`),
    'https://example.com/',
    UNDECLARED,
    IGNORANT,
  );
  const kept = withoutRepeats(page, new Set(page.blocks));
  assert.deepEqual([...kept], page.blocks.slice(0, 15));
});
