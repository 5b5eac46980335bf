import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPdf } from '../../../src/scrape/documents/pdf/index.ts';
import { writePdf } from '../../support/pdf.ts';

type Shown = [text: string, x: number, y: number, size?: number];

const page = (...shown: Shown[]) =>
  shown.map(([text, x, y, size = 11]) => `BT /F1 ${size} Tf 1 0 0 1 ${x} ${y} Tm (${text}) Tj ET\n`).join('');

async function markdown(content: string, font?: string) {
  const parts = { pages: [content], ...(font !== undefined && { font }) };
  return (await readPdf(writePdf(parts), 'https://example.com/a.pdf')).markdown();
}

/** Helvetica, with glyphs of these names for `a` and what follows it. */
const fontOf = (...names: string[]) =>
  `<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding << /Type /Encoding
   /BaseEncoding /WinAnsiEncoding /Differences [97 ${names.map((name) => `/${name}`).join(' ')}] >> >>`;

test('a line of Hebrew is read from right to left, its numbers and foreign words the other way', async () => {
  const hebrew = fontOf('afii57664', 'afii57665', 'afii57666');
  // As it looks, from left to right.
  const line = page(
    ['.', 60, 700],
    ['\\(', 64, 700],
    ['a', 68, 700],
    ['\\)', 74, 700],
    [' ', 78, 700],
    ['AB', 82, 700],
    [' ', 98, 700],
    ['C', 102, 700],
    [' ', 110, 700],
    ['2024', 114, 700],
    [' ', 140, 700],
    ['bcb', 144, 700],
    [' ', 166, 700],
    ['ac', 170, 700],
  );
  assert.equal(await markdown(line, hebrew), 'גא בגב AB C 2024 (א).');
});

test('the joined forms of Arabic are its letters', async () => {
  const arabic = fontOf('uniFE91', 'uniFEF4', 'uniFE96');
  assert.equal(await markdown(page(['c', 60, 700], ['b', 66, 700], ['a', 72, 700]), arabic), 'بيت');
});

const apart = (text: string, start: number) =>
  Array.from(text, (letter, i): Shown => [letter, start + 17 * i, 700, 16]);

test('letters that are set apart are words, and those of an alphabet are not', async () => {
  assert.equal(await markdown(page(...apart('ANNUAL REPORT', 72))), 'ANNUAL REPORT');
  assert.equal(await markdown(page(...apart('ABCDEF', 72))), 'A B C D E F');
});

test('the entries of a table of contents are lines of their own', async () => {
  const entries: Shown[] = [
    ['Introduction to the harbour ........ 3', 60, 700],
    ['The costs of the pier . . . . . . . 12', 60, 686],
    ['What was read in the harbour _____ 140', 60, 672],
  ];
  assert.equal((await markdown(page(...entries))).split('\n\n').length, 3);
});

const lines = (texts: string[], lefts: number[]) =>
  page(...texts.map((text, i): Shown => [text, lefts[i]!, 700 - 14 * i]));

test('a paragraph begins where a line is set in behind the end of a sentence', async () => {
  const novel = ['The ferry left the harbour at noon, and came', 'back after dark with nobody on its deck.'];
  const two = lines([...novel, ...novel], [72, 60, 72, 60]);
  assert.equal(await markdown(two), `${novel.join(' ')}\n\n${novel.join(' ')}`);
  const register = [
    'Adams, Harbours of the North and of the East,',
    'London, pages 12 and the ones behind it there',
  ];
  const hanging = lines([...register, ...register], [60, 72, 60, 72]);
  assert.equal(await markdown(hanging), [...register, ...register].join(' '));
});

test('the hyphen of a chain of words stays at the end of a line', async () => {
  const [first, second] = ['They bought a crane that is state-of-the-', 'art and re-', 'built the pier.'];
  assert.equal(
    await markdown(page([first, 60, 700], [second, 60, 686], ['built the pier.', 60, 672])),
    'They bought a crane that is state-of-the-art and rebuilt the pier.',
  );
});
