import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { readPage } from '../../../src/scrape/main-content/signals/page.ts';

const nothing = () => 0;
const LEXICON = {
  word: (word: string) => ({ good: 1, bad: -1 })[word] ?? 0,
  name: nothing,
  heading: nothing,
};

function pageOf(html: string) {
  const document = parseHtml(html);
  return readPage(document, 'https://example.com/', declarationsOf(document), LEXICON);
}

test('what the words around a block say leaves the block itself out', () => {
  const { wording } = pageOf('<body><div><p>good good</p><p>bad</p></div><p>good</p></body>');
  assert.deepEqual([wording.within(0, 1), wording.within(1, 1), wording.within(2, 5)], [-1, 1, 1 / 3]);
  assert.deepEqual([wording.around(0, 0), wording.around(1, 0), wording.around(2, 0)], [-1, 1, 1 / 3]);
  assert.deepEqual([wording.around(0, 1), wording.around(0, 4)], [0, 0]);
});

const card = (text: string) => `<div class="card"><p>${text}</p></div>`;

test('blocks that look alike are asked together', () => {
  const { alikeWording } = pageOf(`${['good', 'good', 'bad'].map(card).join('')}<h1>bad</h1>`);
  assert.deepEqual(alikeWording, [0, 0, 1, 0]);
});

test('a block alone has nothing around it', () => {
  const { wording, alikeWording } = pageOf('<p>good</p>');
  assert.deepEqual([wording.within(0, 4), wording.around(0, 0), alikeWording], [0, 0, [0]]);
});

test('one long text says no more than twelve words do', () => {
  const { wording } = pageOf(`<p>${'good '.repeat(500)}</p><p>${'bad '.repeat(12)}</p><p>x</p>`);
  assert.equal(wording.within(2, 2), 0);
});
