import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { readPage } from '../../../src/scrape/main-content/signals/page.ts';
import { headingTerms } from '../../../src/scrape/main-content/signals/words/headings.ts';

const ODDS: Record<string, number> = { related: -1, '| related': -2, '| related stories |': -4, use: 1 };
const LEXICON = { word: () => 0, name: () => 0, heading: (term: string) => ODDS[term] ?? 0 };
const LONG = 'The river had risen overnight, and the people of the lower town carried their chairs upstairs.';

function pageOf(html: string) {
  const document = parseHtml(html);
  return readPage(document, 'https://example.com/', declarationsOf(document), LEXICON);
}

test('a heading is known by its words, by two in a row, by its first, and as a whole', () => {
  assert.deepEqual(headingTerms('Related Stories'), [
    'related',
    'stories',
    '| related',
    'related stories',
    '| related stories |',
  ]);
  assert.ok(!headingTerms('One two three four five').includes('| one two three four five |'));
  assert.deepEqual(headingTerms('—'), []);
});

test('text is judged by the heading that it stands under', () => {
  const { headings } = pageOf('<p>a</p><h2>Use</h2><p>b</p><h2>Related Stories</h2><p>c</p><p>d</p>');
  assert.deepEqual(
    headings.map(({ least, most, whole }) => [least, most, whole]),
    [[0, 0, 0], [0, 1, 0], [0, 1, 0], ...Array.from({ length: 3 }, () => [-4, 0, -4])],
  );
  assert.equal(headings[5]!.mean, -7 / 5);
});

test('what stands under a heading ends with the next heading of any level', () => {
  const { sections } = pageOf(
    `<h2>A</h2><p>${LONG}</p><p><a href="/x">one two</a></p><h3>B</h3><p>three</p>`,
  );
  const under = sections.map(({ under: { blocks, linked, prose } }) => [blocks, linked, prose]);
  assert.deepEqual(under, [
    [2, 2, 16],
    [2, 2, 16],
    [2, 2, 16],
    ...Array.from({ length: 2 }, () => [1, 0, 0]),
  ]);
});

test('a block is compared with what the page says that it is about, and with the rest of the page', () => {
  const { topics } = pageOf(
    `<title>Flood</title><meta name="description" content="A town by the river">
    <main><p>${LONG}</p><p>${LONG.replace('chairs', 'tables')}</p></main>
    <div><p>River town</p><p>Football scores</p><p>Of us</p></div>`,
  );
  const [first, , third, fourth, fifth] = topics;
  assert.ok(first!.core > 0.8 && first!.core < 1);
  assert.deepEqual(third, { title: 1, core: 1, page: 1 });
  assert.deepEqual(fourth, { title: 0, core: 0, page: 0 });
  assert.deepEqual(fifth, { title: -1, core: -1, page: -1 });
});
