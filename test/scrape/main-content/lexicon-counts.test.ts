import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LexiconCounts, ofEachKind, type PageCounts } from '../../bench/extraction/lexicon-counts.ts';

const countOf = (content: boolean) => ({ content: content ? 1 : 0, clutter: content ? 0 : 1, sites: 1 });

/** The counts of a page on which a word is content, or clutter, beside one that is the other. */
function pageWith(word: string, isContent: boolean): PageCounts {
  return {
    ...ofEachKind(() => new Map()),
    words: new Map([
      [word, countOf(isContent)],
      ['other', countOf(!isContent)],
    ]),
  };
}

const sitesWith = (word: string, isContent: boolean, count: number): PageCounts[][] =>
  Array.from({ length: count }, () => [pageWith(word, isContent)]);

test('a site counts once, however many its pages', () => {
  const many = Array.from({ length: 50 }, () => pageWith('river', false));
  const sites = sitesWith('river', true, 8);
  const odds = new LexiconCounts([...sites, many]).data().words['river']!;
  assert.equal(odds, new LexiconCounts([...sites, many.slice(0, 1)]).data().words['river']);
  assert.ok(odds > 0);
});

test('a word of few sites is not known, however many their pages', () => {
  assert.equal(new LexiconCounts(sitesWith('river', true, 5)).data().words['river'], undefined);
  const one = [Array.from({ length: 20 }, () => pageWith('river', true))];
  assert.equal(new LexiconCounts(one).data().words['river'], undefined);
});

test('sites that are left out of a lexicon say nothing in it', () => {
  const [content, clutter] = [sitesWith('river', true, 12), sitesWith('river', false, 12)];
  const lexicon = new LexiconCounts([...content, ...clutter]);
  const mixed = lexicon.without([...content.slice(0, 4), ...clutter.slice(0, 4)]);
  assert.equal(
    mixed.word('river'),
    new LexiconCounts([...content.slice(4), ...clutter.slice(4)]).without([]).word('river'),
  );
  assert.ok(lexicon.without(content).word('river') < 0);
});
