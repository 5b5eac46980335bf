import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FragmentBudget, MAX_FRAGMENT_BYTES } from '../../src/scrape/long-text/fragment-size.ts';
import { collapse, inPieces, oneLine } from '../../src/scrape/long-text/in-pieces.ts';
import { linesOf } from '../../src/scrape/long-text/lines.ts';
import { TextBuilder } from '../../src/scrape/long-text/text-builder.ts';
import { parseHtml, textContent } from '../../src/scrape/dom/index.ts';
import { toHtml } from '../../src/scrape/formats/html.ts';
import { toText } from '../../src/scrape/formats/text.ts';
import { toMarkdown } from '../../src/scrape/markdown/index.ts';
import { storableJson } from '../../src/scrape/page-block.ts';

/**
 * Texts of several pieces: units of all lengths, again and again, so that any may lie at an edge.
 */
const longText = (...units: string[]) =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...units), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 0, max: 40 }),
    )
    .map(
      ([parts, shift]) =>
        'x'.repeat(shift) + parts.join('').repeat(Math.ceil(50_000 / parts.join('').length)),
    );
const TEXTS = longText(' ', '\n', '\r\n', '  ', 'a', 'word ', '<b>', '&amp;', '😀', '\u200b', '"', '\t\n ');
const RUNS = { numRuns: 40 };

test('a text that is changed piece by piece is as one that is changed at once', () => {
  fc.assert(
    fc.property(TEXTS, (text) => {
      assert.equal(
        inPieces(text, (piece) => piece.replace(/[<&]/g, (char) => `\\${char}`)),
        text.replace(/[<&]/g, (char) => `\\${char}`),
      );
      assert.equal(
        inPieces(text, (piece) => piece.replace(/\r?\n/g, '|').replace(/\p{Emoji_Presentation}/gu, 'e')),
        text.replace(/\r?\n/g, '|').replace(/\p{Emoji_Presentation}/gu, 'e'),
      );
      assert.equal(collapse(text, /[ \t\r\n]+/g), text.replace(/[ \t\r\n]+/g, ' '));
      assert.equal(oneLine(text), text.replace(/\s+/g, ' ').trim());
      assert.deepEqual([...linesOf(text)], text.split('\n'));
    }),
    RUNS,
  );
});

test('each piece is given its place', () => {
  const text = 'abcdefghij'.repeat(10_000);
  const same = (piece: string, from: number) => (text.startsWith(piece, from) ? piece : '');
  assert.equal(inPieces(text, same), text);
});

test('many parts make one text', () => {
  const parts = Array.from({ length: 20_000 }, (_, n) => `${n},`);
  const builder = new TextBuilder();
  for (const part of parts) builder.add(part);
  assert.equal(builder.length, parts.join('').length);
  assert.equal(builder.toString(), parts.join(''));
  assert.equal(new TextBuilder().toString(), '');
});

test('what fits in no page block is not made', () => {
  const tooLarge = { name: 'PageError', code: 'too_large' };
  assert.throws(() => inPieces('<'.repeat(4_000_000), (piece) => piece.replaceAll('<', '&lt;')), tooLarge);
  const builder = new TextBuilder();
  builder.add('x'.repeat(MAX_FRAGMENT_BYTES));
  assert.throws(() => builder.add('x'), tooLarge);
});

const sizeOf = (text: string) => Buffer.byteLength(JSON.stringify(text)) - 2;

test('the budget of a page block is the size of its texts in JSON', () => {
  const units = fc.constantFrom(
    'a',
    '"',
    '\\',
    '\n',
    '\u0001',
    '\v',
    '\f',
    '\b',
    'é',
    '\u2028',
    '漢',
    '😀',
    '\x7f',
  );
  fc.assert(
    fc.property(fc.array(units, { minLength: 1, maxLength: 20 }), (parts) => {
      const budget = new FragmentBudget();
      const text = parts.join('');
      const rest = 'x'.repeat(MAX_FRAGMENT_BYTES - sizeOf(text));
      assert.equal(budget.take(text), text);
      budget.take(rest);
      assert.throws(() => budget.take('x'), { code: 'too_large' });
    }),
    { numRuns: 20 },
  );
});

test('JSON loses what Postgres does not keep, and nothing else', () => {
  const units = fc.constantFrom(
    '\0',
    '\ud800',
    '\udc00',
    '😀',
    '\\u0000',
    '\\',
    '\u0001',
    'a',
    '"',
    '\\ud800',
  );
  fc.assert(
    fc.property(fc.array(units, { maxLength: 30 }), (parts) => {
      const kept = parts
        .join('')
        .replace(/\p{Surrogate}/gu, '')
        .replaceAll('\0', '');
      assert.equal(JSON.parse(storableJson(parts.join(''))), kept);
    }),
    { numRuns: 500 },
  );
});

test('a long text of a page is in parts, of which each format makes one text', () => {
  const words = Array.from({ length: 40_000 }, (_, n) => `word${n}`);
  const document = parseHtml(`<p>${words.join('\n \t')}</p>`);
  const [paragraph] = document.children;
  assert.ok('children' in paragraph! && paragraph.children.length > 1);
  assert.equal(textContent(paragraph), words.join('\n \t'));
  assert.equal(toText([paragraph]), words.join(' '));
  assert.equal(toMarkdown([paragraph], 'https://a.test/'), words.join(' '));
  assert.equal(toHtml([paragraph], 'https://a.test/'), `<p>${words.join('\n \t')}</p>`);
});

test('a long text without white space is in parts, and no character is torn', () => {
  const text = `a${'😀&lt;'.repeat(60_000)}`;
  const [paragraph] = parseHtml(`<p>${text}</p>`).children;
  assert.ok('children' in paragraph! && paragraph.children.length > 1);
  for (const part of paragraph.children) assert.ok('data' in part && part.data.isWellFormed());
  assert.equal(textContent(paragraph), text.replaceAll('&lt;', '<'));
  assert.equal(toText([paragraph]), text.replaceAll('&lt;', '<'));
  const code = parseHtml(`<pre>${'line  of code\n'.repeat(20_000)}end</pre>`).children;
  assert.equal(toMarkdown(code, 'https://a.test/'), `\`\`\`\n${'line  of code\n'.repeat(20_000)}end\n\`\`\``);
});

test('a long script, style or title is one text', () => {
  for (const name of ['script', 'style', 'title', 'textarea']) {
    const [element] = parseHtml(`<${name}>${'words of it '.repeat(10_000)}</${name}>`).children;
    assert.ok('children' in element! && element.children.length === 1, name);
  }
});
