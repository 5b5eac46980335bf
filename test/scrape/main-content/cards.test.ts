import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { type Page, readPage } from '../../../src/scrape/main-content/signals/page.ts';

const nothing = () => 0;
const IGNORANT = { word: nothing, name: nothing, heading: nothing };
const LONG = 'The river had risen overnight, and the people of the lower town carried their chairs upstairs.';
const TEASER = 'A bridge fell into the sea on Sunday, and nobody can say who is to build it up again.';

function pageOf(html: string): Page {
  const document = parseHtml(html);
  return readPage(document, 'https://example.com/', declarationsOf(document), IGNORANT);
}

const paragraphs = (n: number): string => `<article>${`<p>${LONG}</p>`.repeat(n)}</article>`;
const cards = (n: number): string =>
  `<ul>${`<li><h3><a href="/bridge">The bridge</a></h3><div>${TEASER}</div><b>$ 12</b></li>`.repeat(n)}</ul>`;

test('the prices and the linked headings of a part are counted', () => {
  const { root, blocks } = pageOf(`${paragraphs(2)}<h2>Plain</h2>${cards(5)}`);
  assert.deepEqual([root.prices, root.titles], [5, 5]);
  const card = blocks.find(({ text }) => text === TEASER)!.container.parent!;
  assert.deepEqual([card.element!.name, card.prices, card.titles], ['li', 1, 1]);
});

test('teasers on cards do not make a part the core of a page that has a text of its own', () => {
  const page = pageOf(paragraphs(12) + cards(20));
  assert.equal(page.core.element!.name, 'article');
  const teaser = page.bulk[page.blocks.findIndex(({ text }) => text === TEASER)]!;
  assert.deepEqual([teaser.before, teaser.after, teaser.untilNext], [1, 0, -1]);
});

test('a page that is made of cards has its core where they are', () => {
  assert.equal(pageOf(paragraphs(1) + cards(20)).core.element!.name, 'ul');
});

test('a block knows how much of the bulk of the text is before it and after it', () => {
  const page = pageOf(`<nav>Home</nav><main>${paragraphs(3)}<h2>More</h2>${paragraphs(1)}</main><p>End</p>`);
  const places = page.blocks.map((_, i) => page.bulk[i]!);
  const [home, , , , more] = places;
  assert.deepEqual(home, { before: 0, after: 1, sinceLast: -1, untilNext: 1 });
  assert.deepEqual(more, { before: 0.75, after: 0.25, sinceLast: 1, untilNext: 1 });
  assert.deepEqual(places.at(-1), { before: 1, after: 0, sinceLast: 1, untilNext: -1 });
});
