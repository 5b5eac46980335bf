import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSupportedContentType } from '../../../src/scrape/decode/content-type.ts';
import { FORMATS, type ExtractOptions } from '../../../src/scrape/types.ts';
import { extract } from '../../../src/scrape/extract.ts';
import { writePdf } from '../../support/pdf.ts';

const OPTIONS: ExtractOptions = {
  formats: [...FORMATS],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};

const URL_OF_FILE = 'https://example.com/dir/file';

const read = (body: string | Buffer, contentType: string | null, url = URL_OF_FILE) =>
  extract({ url, status: 200, contentType, body: Buffer.from(body) }, OPTIONS);
/** One format alone: several of a large page are too large together. */
const readAs = async (format: 'markdown' | 'text', body: string, contentType: string) =>
  (
    await extract(
      { url: URL_OF_FILE, status: 200, contentType, body: Buffer.from(body) },
      { ...OPTIONS, formats: [format] },
    )
  )[format];
const refuses = (body: string | Buffer, contentType: string | null, code: string) =>
  assert.rejects(read(body, contentType), { name: 'PageError', code });

test('plain text is itself in text, fenced in Markdown where it has markup, and preformatted in HTML', async () => {
  const text = 'One  <two>\n  & three https://example.org/a?b=1. (http://x.test/)\n';
  const page = await read(text, 'text/plain; charset=utf-8');
  assert.equal(page.text, text);
  assert.equal(page.markdown, `\`\`\`\n${text}\`\`\``);
  assert.equal(
    page.html,
    '<pre>One  &lt;two&gt;\n  &amp; three https://example.org/a?b=1. (http://x.test/)\n</pre>',
  );
  assert.deepEqual(page.links, ['https://example.org/a?b=1', 'http://x.test/']);
  assert.deepEqual(page.discovered, []);
  assert.deepEqual(page.metadata, { title: null, description: null, language: null, canonical_url: null });
});

test('plain text without markup, and Markdown that is called plain text, are themselves in Markdown', async () => {
  for (const text of [
    'Two lines,\nand a snake_case word.\n\n- One\n- Two & more\n',
    '# Site\n\n- [Guide](https://a.test/guide): *all*\n',
  ])
    assert.equal((await read(text, 'text/plain')).markdown, text);
  for (const text of ['# A comment', 'a\n    b', 'a *b* c', '<b>', 'a\n---', '&amp;'])
    assert.equal((await read(text, 'text/plain')).markdown, `\`\`\`\n${text}\n\`\`\``);
});

test('code stands in a fence that it cannot end', async () => {
  const page = await read('const a = `x`;\n// ```` four\n', 'text/javascript');
  assert.equal(page.markdown, '`````javascript\nconst a = `x`;\n// ```` four\n`````');
  assert.equal(page.text, 'const a = `x`;\n// ```` four\n');
});

test('only the formats that were asked for are made', async () => {
  const body = Buffer.from('x');
  const page = await extract(
    { url: 'https://a.test/', status: 200, contentType: 'text/plain', body },
    { ...OPTIONS, formats: ['text'] },
  );
  const made = Object.keys(page).filter((key) => (FORMATS as readonly string[]).includes(key));
  assert.deepEqual(made.toSorted(), ['metadata', 'text']);
});

test('an empty body is an empty page, whatever its type', async () => {
  for (const type of ['text/html', 'application/json', 'application/pdf', 'image/png', 'text/csv', null]) {
    const page = await read('', type);
    assert.deepEqual([page.markdown, page.html, page.text, page.links], ['', '', '', []], String(type));
    assert.equal(page.metadata.title, null);
  }
});

test('JSON is indented without touching numbers, strings or the order of keys', async () => {
  const page = await read(
    '{"b":1.0,"2":12345678901234567890,"1":"a\\"}{b","e":[],"o":{ },"l":[1,{"u":"https://x.test/"}]}',
    'application/json',
  );
  assert.equal(
    page.text,
    '{\n  "b": 1.0,\n  "2": 12345678901234567890,\n  "1": "a\\"}{b",\n  "e": [],\n  "o": {},\n  "l": [\n    1,\n    {\n      "u": "https://x.test/"\n    }\n  ]\n}',
  );
  assert.equal(page.markdown, `\`\`\`json\n${page.text}\n\`\`\``);
  assert.deepEqual(page.links, ['https://x.test/']);
  assert.equal(page.metadata.title, null);
});

test('indented JSON means the same as before', async () => {
  for (const json of [
    '3',
    '"x"',
    'null',
    ' [ ] ',
    '[[],[{}]]',
    '{"a":{"b":[true,false,null,-1.5e-7,"\\u0041\\\\"]}}',
    '"\\\\"',
  ]) {
    const page = await read(json, 'application/ld+json');
    assert.deepEqual(JSON.parse(page.text!), JSON.parse(json), json);
  }
});

test('what is called JSON and is not comes back as it is', async () => {
  for (const text of ['{"a":1}\n{"a":2}', '{"a":', 'jsonp({"a":1});', '// comment\n{}']) {
    assert.equal((await read(text, 'application/json')).text, text);
  }
});

test('JSON nested 100,000 deep is passed on, in every format', async () => {
  for (const json of [
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  ]) {
    assert.equal((await read(json, 'application/json')).text, json);
  }
});

const RSS = `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<image><title>Logo</title><url>https://example.com/logo.png</url><link>https://example.com/logo</link></image>
<title>The &amp; Feed</title><link>/home</link><description>All news</description><language>en-gb</language>
<item><title>First &amp;amp; best</title><link>/1</link><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate><dc:creator>Ann</dc:creator>
<description>Short</description><content:encoded><![CDATA[<p>Long <b>bold</b> <a href="/rel">link</a><script>bad()</script></p>]]></content:encoded></item>
<item><guid isPermaLink="true">https://example.com/2</guid><description>&lt;p&gt;Escaped &lt;i&gt;HTML&lt;/i&gt;&lt;/p&gt;</description></item>
</channel></rss>`;

test('RSS becomes a list of its entries', async () => {
  const page = await read(RSS, 'application/rss+xml');
  assert.equal(
    page.markdown,
    '# The & Feed\n\nAll news\n\n## [First & best](https://example.com/1)\n\nMon, 01 Jan 2024 00:00:00 GMT · Ann\n\n' +
      'Long **bold** [link](https://example.com/rel)\n\n## <https://example.com/2>\n\nEscaped *HTML*',
  );
  assert.ok(page.html!.includes('<a href="https://example.com/1">First &amp; best</a>'));
  assert.ok(!page.html!.includes('bad()') && !page.text!.includes('bad()'));
  assert.deepEqual(page.links, ['https://example.com/1', 'https://example.com/rel', 'https://example.com/2']);
  assert.deepEqual(
    page.discovered.map(({ url }) => url),
    page.links,
  );
  const { title, description, language, feed_type, entry_count, site_url } = page.metadata;
  assert.deepEqual([title, description, language], ['The & Feed', 'All news', 'en-gb']);
  assert.deepEqual([feed_type, entry_count, site_url], ['rss', 2, 'https://example.com/home']);
});

test('a feed is recognised whatever its type', async () => {
  for (const type of ['text/html', 'text/plain', 'application/octet-stream', 'text/xml', null]) {
    assert.equal((await read(RSS, type)).metadata['feed_type'], 'rss', String(type));
  }
});

test('Atom, with XHTML content', async () => {
  const page = await read(
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Atom</title><link rel="self" href="/self"/><link href="/"/>' +
      '<author><name>Feed author</name></author><entry><author><name>Ann</name><email>ann@example.com</email></author>' +
      '<updated>2024-02-02</updated><published>2024-01-01</published><title type="text">a &lt; b</title><link rel="alternate" href="e1"/>' +
      '<source><title>Elsewhere</title></source><content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:p>Para &amp; ' +
      '<x:a href="/z?a=1&amp;b=2">z</x:a></x:p></x:div></content></entry></feed>',
    'application/atom+xml',
  );
  assert.equal(
    page.markdown,
    '# Atom\n\n## [a < b](https://example.com/dir/e1)\n\n2024-01-01 · Ann\n\nPara & [z](https://example.com/z?a=1&b=2)',
  );
  assert.equal(page.metadata.language, 'de');
  assert.equal(page.metadata['feed_type'], 'atom');
});

test('sitemaps and sitemap indexes are lists of links', async () => {
  const map = await read(
    '<?xml version="1.0"?><urlset xmlns:i="x"><url><loc> https://example.com/1?a=1&amp;b=2 </loc><lastmod>2024-01-01</lastmod>' +
      '<i:image><i:loc>https://example.com/i.png</i:loc></i:image></url><url></url><url><loc>https://example.com/2</loc></url></urlset>',
    'application/xml',
  );
  assert.equal(map.text, '- https://example.com/1?a=1&b=2 2024-01-01\n- https://example.com/2');
  assert.deepEqual(map.links, ['https://example.com/1?a=1&b=2', 'https://example.com/2']);
  const index = await read(
    '<sitemapindex><sitemap><loc>https://example.com/s.xml</loc></sitemap></sitemapindex>',
    'text/xml',
  );
  assert.deepEqual(
    [index.metadata['feed_type'], index.links],
    ['sitemap_index', ['https://example.com/s.xml']],
  );
});

test('other XML is fenced, and its text is its character data', async () => {
  const xml =
    '<?xml version="1.0"?>\n<order id="1"><item>Tea &amp;\n milk</item><note><![CDATA[a < b]]></note><empty/></order>';
  const page = await read(xml, 'application/xml');
  assert.equal(page.markdown, `\`\`\`xml\n${xml}\n\`\`\``);
  assert.equal(page.text, 'Tea & milk\na < b');
  assert.equal((await read('<a b="c"/>', 'text/xml')).text, '<a b="c"/>');
});

test('XML nested a million deep, and malformed XML, come back', async () => {
  const deep = '<a>'.repeat(1_000_000);
  assert.equal(await readAs('markdown', deep, 'application/xml'), `\`\`\`xml\n${deep}\n\`\`\``);
  assert.equal(
    (await read(`<rss><channel><title>T</title>${'<x>'.repeat(100_000)}`, 'application/xml')).metadata.title,
    'T',
  );
  assert.equal(
    (await read('<rss><channel><title>T</title><item><title>unclosed', 'text/xml')).metadata.title,
    'T',
  );
});

test('Markdown passes through; text is stripped; front matter becomes metadata', async () => {
  const markdown =
    '# Hello *big* world #\n\nSome **bold**, _it_, `code_x`, ~~gone~~, snake_case_name and 2 * 3 * 4.\n\n' +
    '> quoted [link](../up "T") and ![pic](p.png)\n\n```js\nconst a = *b*;\n```\n\n- item <b>x</b> [ref][r] \\*\n\n[r]: https://r.test/\n';
  const page = await read(`---\ntitle: "From: matter"\ndescription: D\n---\n${markdown}`, 'text/markdown');
  assert.equal(
    page.markdown,
    markdown.replace('../up', 'https://example.com/up').replace('p.png', 'https://example.com/dir/p.png'),
  );
  assert.equal(
    page.text,
    'Hello big world\n\nSome bold, it, code_x, gone, snake_case_name and 2 * 3 * 4.\n\nquoted link and pic\n\nconst a = *b*;\n\n- item x ref *',
  );
  assert.deepEqual(page.links, ['https://example.com/up', 'https://r.test/']);
  assert.deepEqual([page.metadata.title, page.metadata.description], ['From: matter', 'D']);
  assert.equal((await read('Title\n=====\n\ntext', 'text/markdown')).metadata.title, 'Title');
  assert.equal(
    (await read('# Read me', 'text/plain', 'https://raw.test/README.md')).metadata.title,
    'Read me',
  );
});

const linksTo = (up: string): string =>
  `[\`a\`](${up}) [b](mailto:x@y.z) \`[c](../up)\` <a href="${up}">d</a>\n\n[e]: ${up}\n[^f]: ../up\n\n    [g](../up)\n\n- h\n    - [i](${up})\n\n\`\`\`\n[j](../up)\n\`\`\`\n`;

test('the links of Markdown become absolute, but for those in code', async () => {
  assert.equal((await read(linksTo('../up'), 'text/markdown')).markdown, linksTo('https://example.com/up'));
});

test('what names a namespace is no link', async () => {
  const xml =
    '<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://a.test/a.dtd"><a xmlns="http://a.test/ns" xmlns:x=\'http://a.test/x\' x:schemaLocation="http://a.test/ns http://a.test/s.xsd" href="http://a.test/link">b</a>';
  assert.deepEqual((await read(xml, 'application/xml')).links, ['http://a.test/link']);
});

test('CSV becomes a table', async () => {
  const page = await read('name;note\r\n"a;b";"say ""hi"""\r\n\r\n"two\nlines";x|y;extra\r\n', 'text/csv');
  assert.equal(
    page.markdown,
    '| name | note |  |\n| --- | --- | --- |\n| a;b | say "hi" |  |\n| two<br>lines | x\\|y | extra |',
  );
  assert.ok(page.html!.startsWith('<table><thead><tr><th>name</th>'));
  assert.equal(page.metadata['row_count'], 2);
  const tabs = await read('a\tb\n1\t<2>', 'text/tab-separated-values');
  assert.equal(tabs.markdown, '| a | b |\n| --- | --- |\n| 1 | \\<2\\> |');
  assert.ok(tabs.html!.includes('<td>&lt;2&gt;</td>'));
});

const delimited = (delimiter: string): string =>
  ['a', 'b', '"1,5"', '2,5', '"one\r\ntwo"', 'x']
    .map((cell, i) => cell.replace('2,5', delimiter === ',' ? '"2,5"' : cell) + (i % 2 ? '\r\n' : delimiter))
    .join('');

test('the dialects of CSV become tables', async () => {
  const cells = '| a | b |\n| --- | --- |\n| 1,5 | 2,5 |\n| one<br>two | x |';
  for (const delimiter of [',', ';', '\t', '|']) {
    for (const type of ['text/csv', 'application/csv', 'text/x-csv', 'text/tab-separated-values', 'text/tsv'])
      assert.equal((await read(delimited(delimiter), type)).markdown, cells, `${delimiter} ${type}`);
    const marked = Buffer.from(`\ufeff${delimited(delimiter)}`);
    assert.equal((await read(marked, 'text/csv')).markdown, cells, `${delimiter} with a byte order mark`);
    const wide = Buffer.from(`\ufeff${delimited(delimiter)}`, 'utf16le');
    assert.equal((await read(wide, 'text/csv')).markdown, cells, `${delimiter} in UTF-16`);
  }
});

test('the comma of decimals parts no cells', async () => {
  const { markdown } = await read('1,5;2,5\n3,5;4,5\n5,5;6,5\n', 'text/csv');
  assert.equal(markdown, '| 1,5 | 2,5 |\n| --- | --- |\n| 3,5 | 4,5 |\n| 5,5 | 6,5 |');
});

test('the lines above a table of CSV stand above it', async () => {
  const page = await read('Ships, by year\nas of March\nyear;ships\n2023;4\n2024;7\n2025;9\n', 'text/csv');
  assert.equal(
    page.markdown,
    'Ships, by year\n\nas of March\n\n| year | ships |\n| --- | --- |\n| 2023 | 4 |\n| 2024 | 7 |\n| 2025 | 9 |',
  );
  const remarks = await read('# exported\n- in May\nyear;ships\n2023;4\n', 'text/csv');
  assert.ok(remarks.markdown!.startsWith('\\# exported\n\n\\- in May\n\n|'));
  assert.ok(page.html!.startsWith('<p>Ships, by year</p><p>as of March</p><table>'));
  assert.equal(page.metadata['row_count'], 3);
});

test('CSV without end, quotes or sense', async () => {
  for (const csv of ['"', '"unclosed', ',,,', '\n\n', 'a', '"a"b"c",d', '\r', '""""'])
    assert.equal((await read(csv, 'text/csv')).text, csv);
});

const PDF = writePdf({
  pages: [
    'BT /F1 24 Tf 72 700 Td (A Heading) Tj /F1 12 Tf 0 -40 Td (The first paragraph is hyphen-) Tj 0 -14 Td (ated and goes on for two lines.) Tj ' +
      '0 -30 Td (Second \\351t\\351 paragraph, longer than it.) Tj ET',
    'BT /F1 12 Tf 72 700 Td (\\267 one thing) Tj 0 -14 Td (Text of the second page that is long.) Tj ET',
  ],
  info: "/Title (A Document) /Author (Ann) /CreationDate (D:20240102030405+01'00')",
  catalog: '/Lang (en-GB)',
  annotations:
    '<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://example.com/linked) >> >>',
});

test('PDF: text, headings, links and metadata', async () => {
  const page = await read(PDF, 'application/pdf');
  assert.ok(
    page.markdown!.startsWith(
      '# A Heading\n\nThe first paragraph is hyphenated and goes on for two lines.\n\nSecond été paragraph',
    ),
  );
  assert.ok(page.text!.includes('Text of the second page'));
  assert.ok(page.html!.includes('<h1>A Heading</h1>'));
  assert.deepEqual(page.links, ['https://example.com/linked']);
  assert.deepEqual(page.metadata, {
    title: 'A Document',
    description: null,
    language: 'en-GB',
    canonical_url: null,
    author: 'Ann',
    published_time: '2024-01-02T02:04:05.000Z',
    page_count: 2,
  });
});

test('PDF: recognised whatever its type; without a title, the first heading is the title', async () => {
  const untitled = writePdf({
    pages: ['BT /F1 30 Tf 72 700 Td (Big) Tj /F1 10 Tf 0 -50 Td (and a lot more of small text) Tj ET'],
  });
  for (const type of ['application/octet-stream', 'text/html', 'text/plain', null]) {
    assert.equal((await read(untitled, type)).metadata.title, 'Big', String(type));
  }
});

test('PDF: one without text is an empty page', async () => {
  const page = await read(writePdf({ pages: [''] }), 'application/pdf');
  assert.deepEqual([page.markdown, page.text, page.html, page.metadata['page_count']], ['', '', '', 1]);
});

test('PDF: broken, truncated, encrypted', async () => {
  await refuses('%PDF-1.4\ngarbage', 'application/pdf', 'parse_failed');
  await refuses('not a PDF', 'application/pdf', 'parse_failed');
  await refuses(PDF.subarray(0, 200), null, 'parse_failed');
  const hex = '00'.repeat(32);
  const encrypt = `<< /Filter /Standard /V 1 /R 2 /O <${hex}> /U <${hex}> /P -4 >>`;
  await refuses(writePdf({ pages: ['BT ET'], encrypt }), 'application/pdf', 'document_encrypted');
});

test('binaries are refused, whatever they are called', async () => {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  for (const type of ['image/png', 'text/html', 'text/plain', 'application/octet-stream', null]) {
    await refuses(png, type, 'unsupported_content_type');
  }
  await refuses(
    Buffer.from('504b030414000600', 'hex'),
    'application/octet-stream',
    'unsupported_content_type',
  );
  await refuses(Buffer.from([1, 2, 3, 4, 5, 0, 9, 7]), 'text/plain', 'unsupported_content_type');
  await refuses(Buffer.from('RIFF\0\0\0\0WEBPVP8 ', 'latin1'), 'image/webp', 'unsupported_content_type');
  await refuses('\0\0\0\x18ftypmp42', 'video/mp4', 'unsupported_content_type');
});

test('HTML is recognised under other types', async () => {
  const html =
    '\ufeff<?xml version="1.0"?>\n<!-- c -->\n<!DOCTYPE HTML><html><head><title>T</title></head><body><p>text</p></body></html>';
  for (const type of [
    'text/plain',
    'application/octet-stream',
    'application/json',
    'application/xml',
    'application/pdf',
    'nonsense',
    '',
    null,
  ]) {
    const page = await read(html, type);
    assert.deepEqual([page.metadata.title, page.markdown], ['T', 'text'], String(type));
  }
  assert.equal((await read('<div><p>fragment</p></div>', null)).markdown, 'fragment');
});

test('text that only resembles something else stays text', async () => {
  for (const text of [
    'PKI explained',
    'ID3 tags',
    'RIFFs',
    '{not json',
    'MZ',
    '<3 you',
    'I saw %PDF-1.4 there',
    '[link] and more',
  ]) {
    const page = await read(text, 'text/plain');
    assert.equal(page.text, text);
    assert.equal((await read(text, null)).text, text);
  }
});

test('JSON that is called HTML, or nothing', async () => {
  for (const type of ['text/html', null, 'application/octet-stream'])
    assert.equal((await read('{"a":1}', type)).text, '{\n  "a": 1\n}');
});

test('isSupportedContentType refuses what cannot be text, and lets through what it does not know', () => {
  const supported = [
    null,
    '',
    'nonsense',
    'application/octet-stream',
    'binary/octet-stream',
    'application/x-anything',
    'application/x-www-form-urlencoded',

    'text/html',
    'TEXT/HTML; charset=x',
    'text/x-whatever',
    'application/xhtml+xml',
    'image/svg+xml',
    'application/pdf',
    'application/json',

    'application/vnd.api+json',
    'application/vnd.google-earth.kml+xml',
    'application/javascript',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/epub+zip',
    'application/x-ndjson',
    'text/html, text/plain',
  ];
  const refused = [
    'image/png',
    'IMAGE/JPEG',
    'audio/mpeg',
    'video/mp4; codecs=x',
    'font/woff2',
    'model/gltf-binary',
    'application/zip',
    'application/gzip',

    'application/wasm',
    'application/msword',
  ];
  for (const type of supported) assert.equal(isSupportedContentType(type), true, String(type));
  for (const type of refused) assert.equal(isSupportedContentType(type), false, type);
});

test('hostile text of several megabytes comes back in every format', async () => {
  const hostile: [string, string][] = [
    ['text/markdown', '`'.repeat(3_000_000)],
    ['text/markdown', '['.repeat(3_000_000)],
    ['text/markdown', '*a '.repeat(1_000_000)],
    ['text/markdown', '~~'.repeat(1_000_000)],
    ['text/markdown', `---\n${'a\n'.repeat(500_000)}`],
    ['text/markdown', ' '.repeat(3_000_000)],
    ['text/markdown', `# ${'#'.repeat(1_000_000)} x`],
    ['text/markdown', '# '.repeat(1_000_000)],
    ['text/plain', `http://${'.'.repeat(3_000_000)}`],
    ['text/plain', 'http://a'.repeat(400_000)],
    ['text/csv', '"'.repeat(3_000_000)],
    ['text/csv', ','.repeat(3_000_000)],
    ['application/json', `["${'\\\\'.repeat(1_000_000)}"]`],
    ['application/xml', '<!--'.repeat(500_000)],
    ['application/xml', '<![CDATA['.repeat(300_000)],
    ['application/xml', '&'.repeat(2_000_000)],
  ];
  for (const [type, body] of hostile)
    for (const format of ['markdown', 'text'] as const)
      assert.equal(typeof (await readAs(format, body, type)), 'string');
});

test('a JSON Feed is a list of its entries', async () => {
  const feed = {
    version: 'https://jsonfeed.org/version/1.1',
    title: 'Tides <&> winds',
    home_page_url: '/',
    language: 'en',
    authors: [{ name: 'Ada' }],
    items: [
      {
        id: 1,
        url: '/high',
        title: 'High',
        content_html: '<p>It <b>rises</b>.</p>',
        authors: [{ name: 'Bo' }],
      },
      {
        id: '2',
        content_text: 'Low *tide*\n\n<b>',
        attachments: [{ url: 'low.mp3' }],
        date_published: '2024-03-01',
      },
      'no item',
    ],
  };
  const page = await read(JSON.stringify(feed), 'application/feed+json');
  assert.equal(
    page.markdown,
    '# Tides <&> winds\n\n## [High](https://example.com/high)\n\nBo\n\nIt **rises**.\n\n## Untitled\n\n' +
      '2024-03-01\n\nLow \\*tide\\*\n\n\\<b>\n\n<https://example.com/dir/low.mp3>',
  );
  assert.deepEqual(page.links, ['https://example.com/high', 'https://example.com/dir/low.mp3']);
  const { title, language, feed_type, entry_count, site_url } = page.metadata;
  assert.deepEqual(
    [title, language, feed_type, entry_count, site_url],
    ['Tides <&> winds', 'en', 'json', 2, 'https://example.com/'],
  );
  const other = await read('{"version": "https://jsonfeed.org/other", "items": []}', 'application/json');
  assert.match(other.markdown!, /^```json/);
});
