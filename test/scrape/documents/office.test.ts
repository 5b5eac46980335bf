import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { contentKind, isReadable } from '../../../src/scrape/decode/content-kind.ts';
import { extract } from '../../../src/scrape/extract.ts';

const FORMATS = ['markdown', 'html', 'text', 'links'] as const;
const OPTIONS = {
  formats: [...FORMATS],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};

function read(body: Uint8Array, contentType: string | null = 'application/octet-stream', path = 'a') {
  const page = { url: `https://example.com/${path}`, status: 200, contentType, body: Buffer.from(body) };
  return extract(page, OPTIONS);
}

const file = (name: string) => readFile(new URL(`files/${name}`, import.meta.url));

/** Files written by python-docx, openpyxl, python-pptx, odfpy and ebooklib. */
const MARKDOWN: Record<string, string> = {
  'report.docx': `# Harbour report

# Ships

The **Stella** came in *late*.

See [the tide table](https://example.com/tide)

- Ropes
  - Hemp
- Sails

1. First
2. Second

## Cargo

| Ship | Cargo | Tons |
| --- | --- | --- |
| Stella | Salt | 12 |
| Vega<br>Tar |  | 7 |

> A calm sea.

*A lighthouse at dusk*

Kept`,
  'fees.xlsx': `## Fees

| Ship | Fee | Paid | Day | Share |
| --- | --- | --- | --- | --- |
| [Stella](https://example.com/stella) | 1234.5 | TRUE | 2024-03-01 | 25% |
| Vega | 0.3 | FALSE | 2024-03-02 14:30:00 | =SUM(B2:B3) |

## Tide | low

| Time | Height |
| --- | --- |
| 06:15:00 | 0.4 |`,
  'winds.pptx': `## Winds of the north

A short talk

## Kinds

- [**Bora**](https://example.com/bora)
  - Cold
- Etesian

> Mention the Adriatic.

## Speeds

| Wind | Knots |
| --- | --- |
| Bora | 60 |

*A chart of winds*`,
  'log.odt': `# Log

A **strong** wind[^1], see [the log](https://example.com/log)

- Salt
- Tar

1. One
2. Two

| Ship | Tons |
| --- | --- |
| Vega | 7 |

[^1]: From the north.`,
  'tides.ods': `## Tides

| Port | Metres |
| --- | --- |
| Brest | 7.2 |`,
  'winds.epub': `## Etesian

It blows in summer.

| Month | Days |
| --- | --- |
| July | 20 |

# Bora

A **cold** wind, see the next and [the site](https://example.com/).

*A map*`,
};

for (const [name, markdown] of Object.entries(MARKDOWN)) {
  test(`${name} is read, whatever its type says`, async () => {
    const body = await file(name);
    for (const type of ['application/octet-stream', 'application/zip', null]) {
      assert.ok(isReadable(type, body.subarray(0, 512)));
      assert.equal((await read(body, type)).markdown, markdown);
    }
    const { text = '', html = '' } = await read(body);
    assert.ok(text.length > 20 && html.includes('<'));
  });
}

test('what a document says about itself is its metadata', async () => {
  const { metadata } = await read(await file('report.docx'));
  assert.equal(metadata.title, 'Harbour report');
  assert.equal(metadata.language, 'en-GB');
  assert.equal(metadata['author'], 'Ada Lund');
  assert.equal(metadata['published_time'], '2024-03-01T09:30:00.000Z');
  assert.equal(metadata['modified_time'], '2024-03-02T10:00:00.000Z');
  assert.deepEqual(metadata['keywords'], ['harbour', 'tide']);
  const book = (await read(await file('winds.epub'))).metadata;
  assert.deepEqual([book.title, book.language, book['author']], ['Small winds', 'en', 'Ada Lund']);
  assert.equal(book['published_time'], '2021-05-04T00:00:00.000Z');
});

const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const RELATIONS = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"';
const TYPE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

/** A DOCX document with this body, and further parts. */
function docx(body: string, parts: Zippable = {}): Uint8Array {
  return zipSync({
    '[Content_Types].xml': strToU8(
      `${XML}<Types><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`,
    ),
    '_rels/.rels': strToU8(
      `${XML}<Relationships ${RELATIONS}><Relationship Id="r1" Type="${TYPE}/officeDocument" Target="word/document.xml"/></Relationships>`,
    ),
    'word/_rels/document.xml.rels': strToU8(
      `${XML}<Relationships ${RELATIONS}><Relationship Id="r2" Type="${TYPE}/footnotes" Target="footnotes.xml"/></Relationships>`,
    ),
    'word/document.xml': strToU8(`${XML}<w:document><w:body>${body}</w:body></w:document>`),
    ...parts,
  });
}

const p = (text: string) => `<w:p><w:r><w:t>${text}</w:t></w:r></w:p>`;

const field = (type: string) => `<w:r><w:fldChar w:fldCharType="${type}"/></w:r>`;

test('DOCX: footnotes, fields, text boxes, and no text that was deleted', async () => {
  const body = [
    '<w:p><w:r><w:t>A claim</w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r></w:p>',
    `<w:p>${field('begin')}<w:r><w:instrText>HYPERLINK "https://example.com/x"</w:instrText></w:r>`,
    `${field('separate')}<w:r><w:t>a field</w:t></w:r>${field('end')}</w:p>`,
    '<w:p><w:ins><w:r><w:t>in</w:t></w:r></w:ins><w:del><w:r><w:t>out</w:t></w:r></w:del></w:p>',
    `<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>${p('boxed')}</w:txbxContent></mc:Choice>`,
    `<mc:Fallback><w:txbxContent>${p('boxed')}</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>`,
  ];
  const notes = strToU8(`<w:footnotes><w:footnote w:id="7">${p('Its source.')}</w:footnote></w:footnotes>`);
  const { markdown } = await read(docx(body.join(''), { 'word/footnotes.xml': notes }));
  assert.equal(
    markdown,
    'A claim[^1]\n\n[a field](https://example.com/x)\n\nin\n\nboxed\n\n[^1]: Its source.',
  );
});

test('no entity is expanded or loaded', async () => {
  const entities = '<!DOCTYPE d [<!ENTITY a "boom"><!ENTITY b SYSTEM "file:///etc/passwd">]>';
  const document = strToU8(`${XML}${entities}<w:document><w:body>${p('x &a; &b; y')}</w:body></w:document>`);
  const { markdown } = await read(docx('', { 'word/document.xml': document }));
  assert.ok(markdown!.startsWith('x ') && !/boom|root:/.test(markdown!), markdown);
});

/** The code with which a document is refused. */
async function refusal(body: Uint8Array, type?: string, path?: string): Promise<string> {
  const fault = await read(body, type, path).then(
    () => ({ code: 'none' }),
    (error: { code: string }) => error,
  );
  return fault.code;
}

test('encrypted documents say that they are', async () => {
  const encrypted = Buffer.from(docx(p('x')));
  for (let at = encrypted.indexOf('PK\x01\x02'); at !== -1; at = encrypted.indexOf('PK\x01\x02', at + 4))
    encrypted.writeUInt16LE(1, at + 8);
  assert.equal(await refusal(encrypted), 'document_encrypted');
  const ole = Buffer.concat([
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    Buffer.alloc(600),
    Buffer.from('EncryptedPackage', 'utf16le'),
  ]);
  assert.equal(await refusal(ole, undefined, 'a.docx'), 'document_encrypted');
  const manifest =
    '<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>';
  const odt = zipSync({
    mimetype: strToU8('application/vnd.oasis.opendocument.text'),
    'META-INF/manifest.xml': strToU8(manifest),
    'content.xml': strToU8('?'),
  });
  assert.equal(await refusal(odt), 'document_encrypted');
});

test('other archives and older documents are not supported', async () => {
  assert.equal(await refusal(zipSync({ 'a.txt': strToU8('text') })), 'unsupported_content_type');
  assert.equal(
    await refusal(zipSync({ 'a.txt': strToU8('text') }), undefined, 'a.docx'),
    'unsupported_content_type',
  );
  const word97 = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]);
  assert.equal(await refusal(word97, 'application/msword'), 'unsupported_content_type');
  assert.equal(contentKind('application/zip', 'https://example.com/a', Buffer.from('PK\x03\x04')), null);
});

test('bombs and broken archives end early', async () => {
  const large = new Uint8Array(8 * 1024 * 1024).fill(0x20);
  assert.equal(await refusal(docx('', { 'word/document.xml': large })), 'too_large');
  assert.equal(await refusal(docx('<w:p>'.repeat(400))), 'too_large');
  const whole = docx(p('x'));
  assert.equal(await refusal(whole.subarray(0, whole.length - 60)), 'parse_failed');
  assert.equal(await refusal(Buffer.from('PK\x03\x04'), undefined, 'a.docx'), 'parse_failed');
});

test('sizes that lie cost nothing: an entry is as long as its data', async () => {
  const lying = Buffer.from(docx(p('as it is')));
  for (let at = lying.indexOf('PK\x01\x02'); at !== -1; at = lying.indexOf('PK\x01\x02', at + 4))
    lying.writeUInt32LE(0x7fffffff, at + 24);
  assert.equal((await read(lying)).markdown, 'as it is');
});
