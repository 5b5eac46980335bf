import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { type Page, readPage } from '../../../src/scrape/main-content/signals/page.ts';

const ODDS: Record<string, number> = { related: -3, shop: -1, use: 1 };
const oddsOf = (term: string) => ODDS[term] ?? 0;
const LEXICON = { word: oddsOf, name: () => 0, heading: oddsOf };
const LONG = 'The river had risen overnight, and the people of the lower town carried their chairs upstairs.';
const TEXT = `<main>${`<p>${LONG}</p>`.repeat(10)}</main>`;

function pageOf(html: string): Page {
  const document = parseHtml(html);
  return readPage(document, 'https://example.com/', declarationsOf(document), LEXICON);
}

/** What the labels say of the block with this text. */
function labelsAt(page: Page, text: string) {
  return page.labels[page.blocks.findIndex((block) => block.text === text)]!;
}

test('a story under a heading of its own stands under the headings above it, too', () => {
  const page = pageOf(
    `${TEXT}<h2>Related</h2><h3>A bridge falls</h3><p>Nobody was on it.</p><h2>Use</h2><p>Row.</p>`,
  );
  const story = labelsAt(page, 'Nobody was on it.');

  assert.ok(story.chainLeast < 0 && story.chainSum === story.chainLeast);
  assert.equal(page.headings[page.blocks.findIndex(({ text }) => text === 'Nobody was on it.')]!.mean, 0);
  const other = labelsAt(page, 'Row.');
  assert.equal(other.chainLeast, 0);
  assert.ok(other.chainSum > 0);
  assert.ok(other.passedLeast < 0, 'it stands behind a heading of other things');
});

test('the first words of a box name what is in it, though they are no heading', () => {
  const page = pageOf(
    `${TEXT}<div><span>Related</span><ul><li><p>A bridge falls</p></li></ul></div><p>End</p>`,
  );
  const { boxHeading, boxWords } = labelsAt(page, 'A bridge falls');
  assert.ok(boxHeading < 0);
  assert.equal(boxWords, -3);
  assert.deepEqual(labelsAt(page, 'End').boxWords, 0);
});

test('the first words of most of the page, and a paragraph, name no box', () => {
  const page = pageOf(`<div><p>Related</p>${TEXT}</div>`);
  assert.equal(labelsAt(page, LONG).boxWords, 0);
  const paragraph = 'This related text is too long to be the label of the box that it stands in.';
  const boxed = pageOf(`${TEXT}<div><p>${paragraph}</p><p>More</p></div>`);
  assert.equal(labelsAt(boxed, 'More').boxWords, 0);
});
