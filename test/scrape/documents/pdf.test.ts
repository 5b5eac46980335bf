import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PredefinedCMaps } from '../../../src/scrape/documents/pdf/cmaps.ts';
import { readPdf } from '../../../src/scrape/documents/pdf/index.ts';
import { writePdf } from '../../support/pdf.ts';

interface Shown {
  text: string;
  x: number;
  y: number;
  size?: number;
  /** The cosine and sine of the direction. */
  direction?: [number, number];
}

const show = ({ text, x, y, size = 11, direction: [cos, sin] = [1, 0] }: Shown) =>
  `BT /F1 ${size} Tf ${cos} ${sin} ${-sin} ${cos} ${x} ${y} Tm (${text}) Tj ET\n`;
const page = (...shown: Shown[]) => shown.map(show).join('');

async function markdown(content: string, parts: { annotations?: string; font?: string } = {}) {
  return (await readPdf(writePdf({ pages: [content], ...parts }), 'https://example.com/a.pdf')).markdown();
}

/** A font without its own encoding, which names a predefined CMap. */
const cjkFont = (
  cmap: string,
  ordering: string,
) => `<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /${cmap}
  /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Song /DW 1000
  /CIDSystemInfo << /Registry (Adobe) /Ordering (${ordering}) /Supplement 2 >>
  /FontDescriptor << /Type /FontDescriptor /FontName /Song /Flags 6 /FontBBox [0 -200 1000 900] /ItalicAngle 0
  /Ascent 850 /Descent -150 /CapHeight 700 /StemV 80 >> >>] >>`;

test('text in the predefined CMaps of Japanese, Chinese and Korean is read', async () => {
  const fonts: [cmap: string, ordering: string, hex: string, text: string][] = [
    ['90ms-RKSJ-H', 'Japan1', '938c8b9e82cc8d60', '東京の港'],
    ['UniJIS-UTF16-H', 'Japan1', '67714eac306e6e2f', '東京の港'],
    ['GBK-EUC-H', 'GB1', 'b1b1bea9b8dbbfda', '北京港口'],
    ['UniGB-UCS2-H', 'GB1', '53174eac6e2f53e3', '北京港口'],
    ['ETen-B5-H', 'CNS1', 'a55fa8cab4e4a466', '北京港口'],
    ['KSCms-UHC-H', 'Korea1', 'bcadbfefc7d7', '서울항'],
  ];
  for (const [cmap, ordering, hex, text] of fonts) {
    const content = `BT /F1 14 Tf 1 0 0 1 60 700 Tm <${hex}> Tj ET`;
    assert.equal(await markdown(content, { font: cjkFont(cmap, ordering) }), text, cmap);
  }
});

test('only CMaps are read from the disk', async () => {
  const cmaps = new PredefinedCMaps();
  assert.ok((await cmaps.fetch({ kind: 'cMapUrl', filename: 'GBK-EUC-H.bcmap' })).length > 100);
  for (const filename of ['../index.ts', '../../../../package.json', 'x/../LICENSE', 'LICENSE'])
    await assert.rejects(cmaps.fetch({ kind: 'cMapUrl', filename }));
  await assert.rejects(cmaps.fetch({ kind: 'wasmUrl', filename: 'GBK-EUC-H.bcmap' }));
});

const LEFT = [
  'The committee met in March and read',
  'the yearly report on the harbour and',
  'the ships that came in with the tide',
];
const RIGHT = [
  'The right column speaks of winter',
  'storms and of the light that failed',
  'on the northern pier for many nights',
];
const rows = (y: number) =>
  LEFT.flatMap((text, i) => [
    { text, x: 60, y: y - 14 * i },
    { text: RIGHT[i]!, x: 320, y: y - 14 * i },
  ]);

test('columns that are drawn line by line are read column by column, between lines that reach across', async () => {
  const across = {
    text: 'A line that reaches across both of the columns of this page, from one side to the other',
    x: 60,
    y: 650,
  };
  const text = await markdown(
    page({ text: 'Report', x: 60, y: 780, size: 20 }, ...rows(740), across, ...rows(600)),
  );
  const left = LEFT.join(' ');
  const right = RIGHT.join(' ');
  assert.equal(text, `# Report\n\n${left}\n\n${right}\n\n${across.text}\n\n${left}\n\n${right}`);
});

test('three columns are read one after another', async () => {
  const columns = ['the first column of three', 'the second one of the three', 'and the third to the right'];
  const shown = [0, 1, 2, 3].flatMap((line) =>
    columns.map((text, i) => ({ text, x: 40 + 180 * i, y: 700 - 14 * line })),
  );
  assert.equal(
    await markdown(page(...shown)),
    columns.map((text) => Array(4).fill(text).join(' ')).join('\n\n'),
  );
});

test('the items of a list with wide indents are no table', async () => {
  const shown = ['First thing', 'Second thing', 'Third thing'].flatMap((text, line) => [
    { text: `${line + 1}.`, x: 60, y: 700 - 14 * line },
    { text, x: 100, y: 700 - 14 * line },
  ]);
  assert.ok(!(await markdown(page(...shown))).includes('|'));
});

test('a short line that ends with a hyphen goes on', async () => {
  assert.equal(await markdown(page(...shown)), 'The committee met in the house by the harbour.');
});

test('the rows of a table are a table', async () => {
  const cells = [
    ['Name', 'Age', 'Town'],
    ['Ann', '31', 'Kiel'],
    ['Bob', '45', 'Husum'],
    ['Cora', '28', 'Bremen'],
  ];
  const shown = cells.flatMap((row, line) =>
    row.map((text, i) => ({ text, x: 60 + 150 * i, y: 700 - 14 * line })),
  );
  const around = [
    { text: 'Who lives where in the north:', x: 60, y: 720 },
    { text: 'These were all.', x: 60, y: 620 },
  ];
  const [head, ...others] = cells.map((row) => `| ${row.join(' | ')} |`);
  assert.equal(
    await markdown(page(around[0]!, ...shown, around[1]!)),
    `Who lives where in the north:\n\n${[head, '| --- | --- | --- |', ...others].join('\n')}\n\nThese were all.`,
  );
});

test('a page of turned text is read as a reader sees it, in all directions', async () => {
  const turns: [direction: [number, number], at: (line: number) => [number, number]][] = [
    [[0, 1], (line) => [60 + 14 * line, 60]],
    [[-1, 0], (line) => [500, 100 + 14 * line]],
    [[0, -1], (line) => [500 - 14 * line, 700]],
  ];
  for (const [direction, at] of turns) {
    const shown = LEFT.map((text, line) => ({ text, x: at(line)[0], y: at(line)[1], direction }));
    assert.equal(await markdown(page(...shown)), LEFT.join(' '), String(direction));
  }
});

test('a note along the margin comes behind the text', async () => {
  const note = { text: 'Preprint of March', x: 20, y: 200, direction: [0, 1] as [number, number] };
  const [first, ...others] = LEFT.map((text, line) => ({ text, x: 60, y: 700 - 14 * line }));
  assert.equal(await markdown(page(first!, note, ...others)), `${LEFT.join(' ')}\n\nPreprint of March`);
});

test('the words under a link annotation are a link, those beside it are not', async () => {
  const annotations =
    '<< /Type /Annot /Subtype /Link /Rect [88 775 170 795] /A << /S /URI /URI (https://tides.example/t) >> >>';
  assert.equal(
    await markdown(page({ text: 'Read the tide tables here.', x: 60, y: 780 }), { annotations }),
    'Read [the tide tables](https://tides.example/t) here.',
  );
});

const LINE = 'The wind came over the ridge and the people of the valley took their boats out';

test('lines that most pages repeat at their edges are none of the text', async () => {
  const pages = [1, 2, 3, 4].map((number) =>
    page(
      { text: 'Journal of Winds, vol. 7', x: 50, y: 770, size: 9 },
      { text: `${LINE} ${number}`, x: 50, y: 700 },
      { text: `and went home in year ${number}.`, x: 50, y: 686 },
      { text: `Page ${number} of 4`, x: 280, y: 30, size: 9 },
    ),
  );
  const text = async (count: number) =>
    (await readPdf(writePdf({ pages: pages.slice(0, count) }), 'https://example.com/a.pdf')).text();
  const body = [1, 2, 3, 4].map((number) => `${LINE} ${number} and went home in year ${number}.`);
  assert.equal(await text(4), body.join('\n\n'));
  assert.match(await text(2), /^Journal of Winds, vol\. 7/);
  const labels = Array.from({ length: 4 }, () => page({ text: 'Label', x: 50, y: 700 }));
  const same = await readPdf(writePdf({ pages: labels }), 'https://example.com/a.pdf');
  assert.equal(same.text(), 'Label\n\nLabel\n\nLabel\n\nLabel');
});

const lines = ['The com-', 'mittee met in the house by the harbour.'];
const shown = lines.map((text, line) => ({ text, x: 60, y: 700 - 14 * line }));

const joined = (first: string, second: string) =>
  markdown(page({ text: `${LINE} ${first}`, x: 50, y: 700 }, { text: second, x: 50, y: 686 }));

test('a hyphen before a capital, or within a span of numbers, stays', async () => {
  assert.match((await joined('in the Anglo-', 'Saxon way')) ?? '', /out in the Anglo-Saxon way$/);
  assert.match((await joined('in 1914-', '1918 and on')) ?? '', /out in 1914-1918 and on$/);
  assert.match((await joined('of the har-', 'bour')) ?? '', /out of the harbour$/);
});

test('text that is printed twice to look bold is there once', async () => {
  const twice = page({ text: 'Bold', x: 50, y: 700 }, { text: 'Bold', x: 50.4, y: 700 });
  assert.equal(await markdown(twice), 'Bold');
  const apart = page({ text: 'tom', x: 50, y: 700 }, { text: 'tom', x: 75, y: 700 });
  assert.match((await markdown(apart)) ?? '', /^tom ?tom$/);
});

test('items with numbers in a row are a list', async () => {
  const items = ['3. Third', '4. Fourth', '9. Alone'].map((text, i) => ({ text, x: 50, y: 700 - 14 * i }));
  assert.equal(await markdown(page(...items)), '3. Third\n4. Fourth\n\n9\\. Alone');
});

const widget = (type: string, rectangle: string) =>
  `<< /Type /Annot /Subtype /Widget /T (f) /Rect [${rectangle}] ${type} >>`;

test('what is filled into a form, or written on a page, is text', async () => {
  const content = page({ text: 'Name:', x: 50, y: 700 }, { text: 'Agree:', x: 50, y: 680 });
  const annotations =
    widget('/FT /Tx /V (Ann Lee)', '100 695 300 712') +
    widget('/FT /Tx /Ff 8192 /V (secret)', '100 655 300 670') +
    widget('/FT /Btn /V /Yes /AS /Yes', '100 675 112 690') +
    '<< /Type /Annot /Subtype /FreeText /Contents (A remark) /Rect [100 600 300 620] /DA (/F1 11 Tf) >>';
  assert.equal(await markdown(content, { annotations }), 'Name: Ann Lee\n\nAgree: ☒\n\nA remark');
});

const read = async (body: Buffer) => (await readPdf(body, 'https://example.com/a.pdf')).markdown();

test('a document whose end is missing is read as far as it goes', async () => {
  const whole = writePdf({ pages: ['One', 'Two', 'Three'].map((text) => page({ text, x: 60, y: 700 })) });
  assert.equal(await read(whole), 'One\n\nTwo\n\nThree');
  const withoutTable = whole.subarray(0, whole.lastIndexOf('xref\n0'));
  assert.equal(await read(withoutTable), 'One\n\nTwo\n\nThree');
  assert.equal(await read(whole.subarray(0, whole.indexOf('(Three)'))), 'One\n\nTwo');
  await assert.rejects(read(whole.subarray(0, 200)));
});

test('a page that is broken does not take the others with it', async () => {
  const pages = ['One', 'Two'].map((text) => page({ text, x: 60, y: 700 }));
  const broken = writePdf({ pages }).toString('latin1').replace('7 0 R]', '9 0 R]');
  const content = await readPdf(Buffer.from(broken, 'latin1'), 'https://example.com/a.pdf');
  assert.equal(content.markdown(), 'One');
  const { page_count: count, pages_read: pagesRead } = content.metadata;
  assert.deepEqual([count, pagesRead], [2, 1]);
});
