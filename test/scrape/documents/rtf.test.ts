import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isReadable } from '../../../src/scrape/decode/content-kind.ts';
import { extract } from '../../../src/scrape/extract.ts';

const rtf = String.raw;

async function read(body: string | Buffer, contentType: string | null = 'application/rtf') {
  const page = { url: 'https://example.com/a', status: 200, contentType, body: Buffer.from(body) };
  return extract(page, {
    formats: ['markdown', 'links'],
    only_main_content: true,
    include_selectors: [],
    exclude_selectors: [],
  });
}
const markdown = async (body: string): Promise<string> => (await read(`{\\rtf1\\ansi ${body}}`)).markdown!;

test('RTF is known by its first bytes, whatever its type says', async () => {
  for (const type of ['application/rtf', 'text/rtf', 'application/msword', 'text/plain', null]) {
    assert.equal((await read('{\\rtf1 Words}', type)).markdown, 'Words');
    assert.ok(isReadable(type, Buffer.from('{\\rtf1 Words}')));
  }
  assert.equal((await read('Words', 'application/rtf')).markdown, 'Words');
});

test('paragraphs, looks, headings, links and breaks', async () => {
  assert.equal(
    await markdown(
      rtf`{\stylesheet{\s0 Normal;}{\s3\ql heading 2;}}\pard\s3 Ships\par\pard The {\b Stella} came {\i late}\line today.\par ` +
        rtf`See {\field{\*\fldinst{HYPERLINK "https://example.com/tide"}}{\fldrslt the tide}} now.\par ` +
        rtf`\pard\outlinelevel0 One\par\pard m{\super 2} H{\sub 2}O \strike old\strike0  new`,
    ),
    '## Ships\n\nThe **Stella** came *late*\\\ntoday.\n\n' +
      'See [the tide](https://example.com/tide) now.\n\n# One\n\nm<sup>2</sup> H<sub>2</sub>O ~~old~~ new',
  );
});

test('lists by their markers, and tables', async () => {
  const item = (marker: string, level: number, text: string): string =>
    rtf`{\listtext\pard\plain ${marker}\tab}\pard\ls1\ilvl${level} ${text}\par `;
  assert.equal(
    await markdown(item(rtf`\'b7`, 0, 'One') + item('1)', 1, 'Deep') + item(rtf`\'b7`, 0, 'Two')),
    '- One\n  1. Deep\n- Two',
  );
  assert.equal(
    await markdown(rtf`\pard{\pntext 1.\tab}{\*\pn\pnlvlbody\pndec{\pntxta.}}One\par{\pntext 2.\tab}Two\par`),
    '1. One\n2. Two',
  );
  assert.equal(
    await markdown(
      rtf`\trowd\cellx1\cellx2\pard\intbl A\cell B\cell\row\trowd\pard\intbl 1\par 2\cell\cell\row\pard End\par`,
    ),
    '| A | B |\n| --- | --- |\n| 1<br>2 |  |\n\nEnd',
  );
});

test('characters of every charset, and their stand-ins', async () => {
  const fonts = rtf`{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}}`;
  assert.equal(await markdown(rtf`\ansicpg1252 caf\'e9 \endash\~\u8364? x`), 'café –\u00a0€ x');
  assert.equal(
    await markdown(rtf`${fonts}\f0 a\'e9 {\f1 \'cf\'f0\'e8} {\f2 \'93\'fa\'96\'7b} b`),
    'aé При 日本 b',
  );
  assert.equal(await markdown(rtf`\uc2\u26085\'93\'fa\u26412{\uc0\u35486}!`), '日本語!');
  assert.equal(await markdown(rtf`\ansicpg1251 \'cf\'f0\'e8 \{a\}\\`), 'При {a}\\\\');
});

test('code pages of DOS', async () => {
  for (const charset of ['ansi\\ansicpg850', 'pca', 'pc'])
    assert.equal((await read(`{\\rtf1\\${charset} M\\'94we}`)).markdown, 'Möwe', charset);
});

test('notes are footnotes, and what is no text is left out', async () => {
  assert.equal(
    await markdown(
      rtf`{\header Top\par}{\info{\operator X}}{\*\company Y}One{\footnote \chftn  A note.} two{\v hidden}{\deleted gone}.\par ` +
        rtf`{\pict\wmetafile8 0102}{\*\unknown Z}{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt In a box\par}}{\shprslt c}}End`,
    ),
    'One[^1] two.\n\nIn a box\n\nEnd\n\n[^1]: A note.',
  );
  const binary = Buffer.concat([
    Buffer.from('{\\rtf1 a{\\pict\\bin4 '),
    Buffer.from('}}{\\'),
    Buffer.from('}b}'),
  ]);
  assert.equal((await read(binary)).markdown, 'ab');
});

test('a document says its title and author', async () => {
  const { metadata } = await read(rtf`{\rtf1{\info{\title Harbour report}{\author Ann}{\keywords a, b}}x}`);
  const { title, author, keywords } = metadata;
  assert.deepEqual(
    { title, author, keywords },
    { title: 'Harbour report', author: 'Ann', keywords: ['a', 'b'] },
  );
});

test('broken and hostile documents end early', async () => {
  assert.equal((await read('{\\rtf1 abc {\\b def \\par ghi')).markdown, 'abc **def**\n\n**ghi**');
  await assert.rejects(read(`{\\rtf1 ${'{'.repeat(100_000)}`), { code: 'too_large' });
  const before = process.cpuUsage().user;
  await read(
    `{\\rtf1 ${'{\\b x}\\par '.repeat(100_000)}${"\\'e9".repeat(500_000)}${'\\u9?'.repeat(100_000)}}`,
  );
  assert.ok(process.cpuUsage().user - before < 10_000_000);
});
