import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { extract } from '../../../src/scrape/extract.ts';

async function read(body: Uint8Array) {
  const page = { url: 'https://example.com/a', status: 200, contentType: null, body: Buffer.from(body) };
  return extract(page, {
    formats: ['markdown'],
    only_main_content: true,
    include_selectors: [],
    exclude_selectors: [],
  });
}

const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/';
/** The parts of a package: its main part of a type, and the relations of parts by their paths. */
function packageOf(
  { type, part, body }: { type: string; part: string; body: string },
  relations: Record<string, [id: string, type: string, target: string][]>,
  parts: Record<string, string> = {},
): Uint8Array {
  const files: Zippable = {
    '[Content_Types].xml': strToU8(
      `<Types><Override PartName="/${part}" ContentType="application/vnd.openxmlformats-officedocument.${type}.main+xml"/></Types>`,
    ),
    [part]: strToU8(body),
  };
  for (const [path, text] of Object.entries(parts)) files[path] = strToU8(text);
  const all = { '': [['main', 'officeDocument', part]], ...relations } as typeof relations;
  for (const [path, list] of Object.entries(all)) {
    const slash = path.lastIndexOf('/') + 1;
    const items = list.map(
      ([id, kind, target]) => `<Relationship Id="${id}" Type="${RELATIONS}${kind}" Target="${target}"/>`,
    );
    files[`${path.slice(0, slash)}_rels/${path.slice(slash)}.rels`] = strToU8(
      `<Relationships>${items.join('')}</Relationships>`,
    );
  }
  return zipSync(files);
}

const wordOf = (body: string, relations: [string, string, string][] = [], parts = {}): Uint8Array =>
  packageOf(
    {
      type: 'wordprocessingml.document',
      part: 'word/document.xml',
      body: `<w:document xmlns:w="w" xmlns:m="m" xmlns:r="r"><w:body>${body}</w:body></w:document>`,
    },
    { 'word/document.xml': relations },
    parts,
  );
const run = (text: string): string => `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`;
const math = (text: string): string => `<m:r><m:t>${text}</m:t></m:r>`;

test('DOCX: formulas are TeX', async () => {
  const formulas: [omml: string, tex: string][] = [
    [`<m:f><m:num>${math('a')}</m:num><m:den>${math('b+1')}</m:den></m:f>`, '\\frac{a}{b+1}'],
    [`<m:sSup><m:e>${math('x')}</m:e><m:sup>${math('2')}</m:sup></m:sSup>`, 'x^2'],
    [`<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/><m:e>${math('x')}</m:e></m:rad>`, '\\sqrt{x}'],
    [`<m:rad><m:deg>${math('3')}</m:deg><m:e>${math('x')}</m:e></m:rad>`, '\\sqrt[3]{x}'],
    [
      `<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>${math('i=1')}</m:sub><m:sup>${math('n')}</m:sup><m:e>${math('i')}</m:e></m:nary>`,
      '\\sum_{i=1}^ni',
    ],
    [`<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val=""/></m:dPr><m:e>${math('a')}</m:e></m:d>`, '[a'],
    [`<m:func><m:fName>${math('sin')}</m:fName><m:e>${math('x')}</m:e></m:func>`, '\\sin x'],
    [
      `<m:m><m:mr><m:e>${math('1')}</m:e><m:e>${math('0')}</m:e></m:mr></m:m>`,
      '\\begin{matrix}1 & 0\\end{matrix}',
    ],
  ];
  for (const [omml, tex] of formulas) {
    const document = wordOf(`<w:p>${run('x ')}<m:oMath>${omml}</m:oMath></w:p>`);
    assert.equal((await read(document)).markdown, `x $${tex}$`);
  }
  const display = wordOf(`<w:p><m:oMathPara><m:oMath>${math('a=1')}</m:oMath></m:oMathPara></w:p>`);
  assert.equal((await read(display)).markdown, '$$a=1$$');
});

const sign = (type: string): string => `<w:r><w:fldChar w:fldCharType="${type}"/></w:r>`;

const code = (text: string): string => `<w:r><w:instrText>${text}</w:instrText></w:r>`;

test('DOCX: readings of characters, and links that hold other fields', async () => {
  const inner = `${sign('begin')}${code('PAGEREF _x')}${sign('separate')}${run('3')}${sign('end')}`;
  const field = `${sign('begin')}${code('HYPERLINK "https://a.test/"')}${sign('separate')}${run('page ')}${inner}${run(' on')}${sign('end')}`;
  const ruby =
    '<w:r><w:ruby><w:rt><w:r><w:t>かん</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r>';
  assert.equal(
    (await read(wordOf(`<w:p>${field}${run(' ')}${ruby}</w:p>`))).markdown,
    '[page 3 on](https://a.test/) 漢(かん)',
  );
});

const text = (words: string): string => `<a:p><a:r><a:t>${words}</a:t></a:r></a:p>`;

const points = (...values: string[]): string =>
  values.map((value, i) => `<c:pt idx="${i}"><c:v>${value}</c:v></c:pt>`).join('');

test('charts are tables of their data, and diagrams lists of their texts', async () => {
  const series = `<c:ser><c:tx>${points('2024')}</c:tx><c:cat>${points('North', 'South')}</c:cat><c:val>${points('5', '7')}</c:val></c:ser>`;
  const chart = `<c:chartSpace><c:chart><c:title>${text('Sales')}</c:title>${series}</c:chart></c:chartSpace>`;
  const model = `<dgm:dataModel><dgm:ptLst><dgm:pt type="doc"/><dgm:pt><dgm:t>${text('Plan')}</dgm:t></dgm:pt><dgm:pt><dgm:t>${text('Do')}</dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>`;
  const drawing = '<c:chart r:id="c1"/><dgm:relIds r:dm="d1"/>';
  const relations: [string, string, string][] = [
    ['c1', 'chart', '/charts/c.xml'],
    ['d1', 'diagramData', '/diagrams/d.xml'],
  ];
  const parts = { 'charts/c.xml': chart, 'diagrams/d.xml': model };
  const expected = 'Sales\n\n|  | 2024 |\n| --- | --- |\n| North | 5 |\n| South | 7 |\n\n- Plan\n- Do';
  const word = wordOf(`<w:p><w:r><w:drawing>${drawing}</w:drawing></w:r></w:p>`, relations, parts);
  assert.equal((await read(word)).markdown, expected);
  const slides = packageOf(
    {
      type: 'presentationml.presentation',
      part: 'ppt/presentation.xml',
      body: '<p:presentation><p:sldIdLst><p:sldId r:id="s1"/></p:sldIdLst></p:presentation>',
    },
    { 'ppt/presentation.xml': [['s1', 'slide', 'slides/slide1.xml']], 'ppt/slides/slide1.xml': relations },
    {
      ...parts,
      'ppt/slides/slide1.xml': `<p:sld><p:cSld><p:spTree><p:graphicFrame>${drawing}</p:graphicFrame></p:spTree></p:cSld></p:sld>`,
    },
  );
  assert.equal((await read(slides)).markdown, `## Slide 1\n\n${expected}`);
});

const cell = (place: string, value: number, style = 0): string =>
  `<c r="${place}" s="${style}"><v>${value}</v></c>`;

test('XLSX: hidden rows and columns are left out, and hours go on after a day', async () => {
  const sheet =
    '<worksheet><cols><col min="2" max="2" hidden="1"/></cols><sheetData>' +
    `<row>${cell('A1', 1)}${cell('B1', 2)}${cell('C1', 1.5, 1)}</row>` +
    `<row hidden="1">${cell('A2', 4)}</row><row>${cell('A3', 7)}${cell('C3', 2.25, 2)}</row></sheetData></worksheet>`;
  const workbook = packageOf(
    {
      type: 'spreadsheetml.sheet',
      part: 'xl/workbook.xml',
      body: '<workbook><sheets><sheet name="S" r:id="s1"/></sheets></workbook>',
    },
    {
      'xl/workbook.xml': [
        ['s1', 'worksheet', 'sheet1.xml'],
        ['s2', 'styles', 'styles.xml'],
      ],
    },
    {
      'xl/sheet1.xml': sheet,
      'xl/styles.xml':
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>' +
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="46"/></cellXfs></styleSheet>',
    },
  );
  assert.equal((await read(workbook)).markdown, '## S\n\n| 1 | 36:00:00 |\n| --- | --- |\n| 7 | 54:00:00 |');
});

test('ODT: no deleted text, readings of characters, and formulas', async () => {
  const deleted =
    '<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region></text:tracked-changes>';
  const ruby =
    '<text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>かん</text:ruby-text></text:ruby>';
  const body = `<office:text>${deleted}<text:p>a ${ruby} <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p></office:text>`;
  const document = zipSync({
    mimetype: strToU8('application/vnd.oasis.opendocument.text'),
    'content.xml': strToU8(
      `<office:document-content><office:body>${body}</office:body></office:document-content>`,
    ),
    'Object 1/content.xml': strToU8(
      '<math><semantics><mfrac><mn>1</mn><mi>b</mi></mfrac><annotation encoding="StarMath 5.0">1 over b</annotation></semantics></math>',
    ),
  });
  assert.equal((await read(document)).markdown, 'a 漢(かん) $\\frac{1}{b}$');
});

const bookOf = (spine: string, type: string) =>
  zipSync({
    mimetype: strToU8('application/epub+zip'),
    'META-INF/container.xml': strToU8(
      '<container><rootfiles><rootfile full-path="a/book.opf"/></rootfiles></container>',
    ),
    'a/book.opf': strToU8(
      `<package><manifest><item id="c" href="c%201.html" media-type="${type}"/></manifest><spine>${spine}</spine></package>`,
    ),
    'a/c 1.html': strToU8('<p>The ferry left at noon.'),
  });

test('a book whose chapters have no body, or that lists none in its spine, is read', async () => {
  for (const type of ['text/html', 'application/xhtml+xml'])
    for (const spine of ['<itemref idref="c"/>', ''])
      assert.equal((await read(bookOf(spine, type))).markdown, 'The ferry left at noon.', `${type} ${spine}`);
});
