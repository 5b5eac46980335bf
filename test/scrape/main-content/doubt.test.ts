import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { doubt } from '../../../src/scrape/main-content/rules/doubt.ts';
import { declarationsOf } from '../../../src/scrape/main-content/signals/declarations.ts';
import { readPage } from '../../../src/scrape/main-content/signals/page.ts';

const nothing = () => 0;
const IGNORANT = { word: nothing, name: nothing, heading: nothing };
const LONG = 'The river had risen overnight, and the people of the lower town carried their chairs upstairs.';
const TEXT = `<main>${`<p>${LONG}</p>`.repeat(10)}</main>`;

/** What is doubted of a page on which everything is as likely. */
function doubted(html: string, url = 'https://example.com/2024/the-river'): string[] {
  const document = parseHtml(html);
  const page = readPage(document, url, declarationsOf(document), IGNORANT);
  const probabilities = new Float64Array(page.blocks.length).fill(0.7);
  doubt(page, probabilities);
  return page.blocks.filter((_, i) => probabilities[i]! < 0.7).map(({ text }) => text);
}

const comments = '<ol><li class="comment"><p>I saw it too.</p></li></ol>';

test('comments under a text are doubted', () => {
  assert.deepEqual(doubted(TEXT + comments), ['I saw it too.']);
});

test('what people say to each other is not doubted where it is the page', () => {
  assert.deepEqual(doubted(`<h1>The river</h1>${comments}`), []);
  assert.deepEqual(doubted(TEXT + comments, 'https://forum.example.com/x'), []);
  assert.deepEqual(doubted(TEXT + comments, 'https://example.com/questions/7/the-river'), []);
  const declared = '<script type="application/ld+json">{"@type": "DiscussionForumPosting"}</script>';
  assert.deepEqual(doubted(declared + TEXT + comments), []);
});

test('related stories and the footer are doubted, unless they are most of the page', () => {
  const related = '<div class="related-stories"><p>In other news</p></div>';
  assert.deepEqual(doubted(`${TEXT}${related}<footer>Since 1907</footer>`), ['In other news', 'Since 1907']);
  assert.deepEqual(doubted(`<div class="related-stories">${TEXT}</div>`), []);
});

test('a link to more on the same matter, and a part that holds more, are not doubted', () => {
  const features =
    '<ul class="more-features"><li><p>Chairs</p><a class="more" href="/chairs">Learn more</a></li></ul>';
  assert.deepEqual(doubted(TEXT + features), []);
});

test('lines that send the reader to another text are doubted, in many languages', () => {
  const lines = [
    '<b>Also read:</b> <a href="/b">A bridge falls into the sea</a>',
    '[Read more: <a href="/b">A bridge falls into the sea</a>]',
    'Lesen Sie auch: <a href="/b">Brücke stürzt ins Meer</a>',
    'Lea también: <a href="/b">Un puente se cae al mar</a>',
    'Читайте также: <a href="/b">Мост упал в море</a>',
  ];
  const html = TEXT.replace('</main>', `${lines.map((line) => `<p>${line}</p>`).join('')}</main>`);
  assert.equal(doubted(html).length, lines.length);
  assert.deepEqual(doubted(html, 'https://forum.example.com/x'), []);
});

test('a sentence with a link, and a link without such a cue, are not doubted', () => {
  const lines = [
    'Read more of what the neighbours wrote in <a href="/b">the book of the river</a>, which took them years.',
    '<a href="/b">The recommended way up the stairs</a>',
    'Source: <a href="/b">the office of the lower town</a>',
    'Related: <a href="/b">chairs</a>',
  ];
  assert.deepEqual(doubted(TEXT + lines.map((line) => `<p>${line}</p>`).join('')), []);
});

/** The probability of a text of which the forest is unsure. */
function weighed(html: string, url: string): number {
  const document = parseHtml(html);
  const page = readPage(document, url, declarationsOf(document), IGNORANT);
  const probabilities = new Float64Array(page.blocks.length).fill(0.5);
  doubt(page, probabilities);
  return probabilities[0]!;
}

test('what is uncertain is more likely in documentation, and less likely beside an article', () => {
  const article = '<meta property="og:type" content="article">';
  assert.equal(weighed(TEXT, 'https://example.com/x'), 0.5);
  assert.ok(weighed(TEXT, 'https://example.com/docs/x') > 0.5);
  assert.ok(weighed(article + TEXT, 'https://example.com/x') < 0.5);
});
