import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';
import { okBlock } from '../../../src/scrape/page-block.ts';
import { readDate } from '../../../src/scrape/fields/date.ts';
import { fieldsFault, type Fields } from '../../../src/scrape/fields/field.ts';
import { readNumber } from '../../../src/scrape/fields/number.ts';
import { isValidSelector } from '../../../src/scrape/selectors.ts';

const PAGE = `<!doctype html><html lang="en"><head><base href="https://example.com/">
  <script type="application/ld+json">{"@type": "Product", "brand": {"name": "Vega"}, "offers": [{"price": "7.50"}]}</script></head>
  <body><nav><a class="home" href="/">Home</a></nav><h1>Hemp <b>rope</b></h1><span class="price">$1,234.50</span>
  <div class="review"><p>It holds.</p><time datetime="2024-03-01">yesterday</time><a href="people/ada">Ada</a></div>
  <div class="review"><p>It does not.</p><time>soon</time></div></body></html>`;

async function read(fields: Fields, body = PAGE, contentType = 'text/html') {
  const page = { url: 'https://example.com/ropes', status: 200, contentType, body: Buffer.from(body) };
  const options = {
    formats: ['data' as const],
    only_main_content: true,
    include_selectors: [],
    exclude_selectors: [],
  };
  const extraction = await extract(page, { ...options, fields });
  const facts = { ...page, finalUrl: page.url, fetchedAt: new Date(), durationMs: 1 };
  return JSON.parse(okBlock(facts, extraction, options.formats));
}

const manual = readFileSync(new URL('../../../src/docs/manual/api.md', import.meta.url), 'utf8');

test("the manual's example reads what the manual says", async () => {
  const section = manual.slice(manual.indexOf('\n## Data\n'));
  const [request, answer] = [...section.matchAll(/```json\n([^]*?)```/g)].map(([, json]) =>
    JSON.parse(json!),
  );
  const { data, data_errors } = await read(
    request.fields,
    PAGE.replace(/<div class="review"><p>It does[^]*?<\/div>/, ''),
  );
  assert.deepEqual({ data, data_errors }, answer);
});

test('what is missing is null, and named where it is required', async () => {
  const block = await read({
    nothing: { css: '.none' },
    needed: { css: '.none', required: true },
    list: { css: '.none', all: true },
    attribute: { css: 'h1', attr: 'id', required: true },
    reviews: {
      css: '.review',
      all: true,
      fields: { day: { css: 'time', as: 'date' }, by: { css: 'a', attr: 'href' } },
    },
  });
  assert.deepEqual(block.data, {
    nothing: null,
    needed: null,
    list: [],
    attribute: null,
    reviews: [
      { day: '2024-03-01', by: 'people/ada' },
      { day: null, by: null },
    ],
  });
  assert.deepEqual(
    block.data_errors.map(({ path, code }: { path: string; code: string }) => [path, code]),
    [
      ['needed', 'missing'],
      ['attribute', 'missing'],
      ['reviews.1.day', 'invalid'],
    ],
  );
  assert.equal(block.markdown, undefined);
});

test('elements outside of the main content are read, as HTML and Markdown too', async () => {
  const { data } = await read({
    home: { css: '.home', as: 'url' },
    html: { css: 'h1', as: 'html' },
    markdown: { css: 'h1', as: 'markdown' },
    prices: { from: 'json_ld', path: 'offers.price', as: 'number', all: true },
  });
  assert.deepEqual(data, {
    home: 'https://example.com/',
    html: '<h1>Hemp <b>rope</b></h1>',
    markdown: '# Hemp **rope**',
    prices: [7.5],
  });
});

test('what an element says in its attributes is its value', async () => {
  const body =
    '<img src="data:image/gif;base64,AA" data-src="/a.png"><source srcset="/b.webp 2x"><form action="/go"></form>' +
    '<data value="9.5">nine</data><meter value=".5">half</meter><input value="42">' +
    '<select><option>A</option><option selected>B</option></select><ol><li value="7">8</li></ol>';
  const { data } = await read(
    {
      image: { css: 'img', as: 'url' },
      source: { css: 'source', as: 'url' },
      form: { css: 'form', as: 'url' },
      data: { css: 'data', as: 'number' },
      meter: { css: 'meter', as: 'number' },
      input: { css: 'input', as: 'number' },
      choice: { css: 'select' },
      item: { css: 'li', as: 'number' },
      words: { css: 'data' },
    },
    body,
  );
  assert.deepEqual(data, {
    image: 'https://example.com/a.png',
    source: 'https://example.com/b.webp',
    form: 'https://example.com/go',
    data: 9.5,
    meter: 0.5,
    input: 42,
    choice: 'B',
    item: 8,
    words: 'nine',
  });
});

test('the texts of blocks are words of their own', async () => {
  const body =
    '<table><tr><td><p>one</p><p>two</p>three<ul><li>four<li>five</ul><b>s</b>ix</td></tr></table>';
  const { data } = await read({ cell: { css: 'td' } }, body);
  assert.deepEqual(data, { cell: 'one two three four five six' });
});

test('an object of JSON-LD stands for its value, its name or its address', async () => {
  const product = {
    name: { '@value': 'Rope', '@language': 'en' },
    image: { '@type': 'ImageObject', url: '/rope.png' },
    weight: { '@type': 'QuantitativeValue', value: '1,5', unitCode: 'KGM' },
    brand: { name: 'Vega', url: '/vega' },
    isFamilyFriendly: true,
  };
  const { data } = await read(
    {
      name: { from: 'json_ld' },
      image: { from: 'json_ld', as: 'url' },
      weight: { from: 'json_ld', as: 'number' },
      brand: { from: 'json_ld' },
      isFamilyFriendly: { from: 'json_ld' },
    },
    `<script type="application/ld+json">${JSON.stringify(product)}</script>`,
  );
  assert.deepEqual(data, {
    name: 'Rope',
    image: 'https://example.com/rope.png',
    weight: 1.5,
    brand: 'Vega',
    isFamilyFriendly: 'true',
  });
});

test('what is not HTML has no values', async () => {
  const { data, data_errors } = await read(
    { a: { css: 'p', required: true } },
    '{"a": 1}',
    'application/json',
  );
  assert.deepEqual(data, { a: null });
  assert.equal(data_errors[0].code, 'missing');
});

const nested = (depth: number): Fields => ({
  a: { css: 'p', ...(depth > 1 && { fields: nested(depth - 1) }) },
});
const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, { css: 'p' }]));
const fault = (fields: Fields) => fieldsFault(fields, isValidSelector)?.path.join('.') ?? null;

test('fields that cannot be read are refused', () => {
  assert.equal(fault({ a: { css: 'p[' } }), 'a');
  assert.equal(fault({ a: {} }), 'a');
  assert.equal(fault({ a: { css: 'p', fields: { b: { path: 'x' } } } }), 'a.fields.b');
  assert.equal(fault({ a: { from: 'json_ld', css: 'p' } }), 'a');
  assert.equal(fault(nested(5)), null);
  assert.equal(fault(nested(6)), 'a.fields.a.fields.a.fields.a.fields.a.fields.a');
  assert.equal(fault(many(200)), null);
  assert.equal(fault(many(201)), 'f200');
});

test('a page with too many values is too large', async () => {
  const body = `<body>${'<p><i>a</i></p>'.repeat(30_000)}</body>`;
  const fields: Fields = { all: { css: 'p', all: true, fields: { i: { css: 'i' } } } };
  await assert.rejects(read(fields, body), { code: 'too_large' });
});

suite('values', () => {
  const NUMBERS: [text: string, language: string | null, value: number | null][] = [
    ['$.99', 'en', 0.99],
    ['-.5', null, -0.5],
    ['No.5', 'en', 5],
    ['1.2.3', null, null],
    ['1,23,456.78', 'en-IN', 123456.78],
    ['1.234.567', 'de', 1234567],
    ['٣٤٫٥', 'ar', 34.5],
    ['１２３円', 'ja', 123],
    ['1.234,56 €', 'en', 1234.56],
    ['$1,234.50', 'de', 1234.5],
    ['1 234', null, 1234],
    ['1\u202f234,5 €', 'fr', 1234.5],
    ["CHF 1'234.50", null, 1234.5],
    ['1.234', 'de', 1234],
    ['1.234', 'en', 1.234],
    ['1,234', 'en', 1234],
    ['1,5', 'en', 1.5],
    ['0,999', 'en', 0.999],
    ['1.234.567', 'en', 1234567],
    ['12,34,567.5', 'hi', 1234567.5],
    ['from 12 to 14', null, 12],
    ['-3 °C', null, -3],
    ['−$5.20', null, -5.2],
    ['size 10-12', null, 10],
    ['free', null, null],
    ['1.5k', 'en', 1500],
    ['12.3K+ stars', null, 12_300],
    ['2M views', 'en', 2_000_000],
    ['1.1M', 'en', 1_100_000],
    ['3.4B', 'en', 3_400_000_000],
    ['$5m', 'en', 5_000_000],
    ['2,5 M€', 'fr', 2_500_000],
    ['-€1.2bn', 'en', -1_200_000_000],
    ['1,5 Mio. Aufrufe', 'de', 1_500_000],
    ['3 Mrd. Euro', 'de', 3_000_000_000],
    ['12 Tsd.', 'de', 12_000],
    ['2 billion', 'en', 2_000_000_000],
    ['2 Billionen', 'de', 2_000_000_000_000],
    ['1,2 mil', 'es', 1200],
    ['4 мил', 'ru', 4],
    ['15,3 тыс. просмотров', 'ru', 15_300],
    ['2.5 lakh', 'en-IN', 250_000],
    ['3.2万次', 'zh', 32_000],
    ['1億2,000万円', 'ja', 120_000_000],
    ['3万5千', 'ja', 35_000],
    ['12만 3천', 'ko', 123_000],
    ['5千克', 'zh', 5],
    ['1½', 'en', 1.5],
    ['¾ cup', 'en', 0.75],
    ['2 1/2 cups', 'en', 2.5],
    ['4/5', 'en', 4],
    ['1.5e-3', 'en', 0.0015],
    ['1E+3', 'de', 1000],
    ['3 e5', 'en', 3],
    ['$-5', 'en', -5],
    ['–5 °C', 'en', -5],
    ['($1,234)', 'en', -1234],
    ['(1,234.50)', 'en', -1234.5],
    ['(1,234)', 'en', 1234],
    ['kr 1.234,-', 'en', 1234],
    ['12 %', 'de', 12],
    ['5 m', 'en', 5],
    ['5m', 'en', 5],
    ['300 K', 'en', 300],
    ['10 kg', 'en', 10],
    ['16 GB', 'en', 16],
    ['1,5 B', 'tr', 1500],
    ['4 Möwen', 'de', 4],
  ];
  for (const [text, language, value] of NUMBERS)
    test(`${text} is ${value}`, () => assert.equal(readNumber(text, language), value));

  const DATES: [text: string, language: string | null, value: string | null][] = [
    ['2024-03-01', null, '2024-03-01'],
    ['2024/3/1', null, '2024-03-01'],
    ['2024年3月1日', 'ja', '2024-03-01'],
    ['2024. 3. 1.', 'ko', '2024-03-01'],
    ['12024/3/1', null, null],
    ['2024-03-01T09:30:00+01:00', null, '2024-03-01T08:30:00.000Z'],
    ['2024-03-01 09:30', null, '2024-03-01T09:30:00'],
    ['Fri, 01 Mar 2024 09:30:00 GMT', null, '2024-03-01T09:30:00.000Z'],
    ['Posted on March 1, 2024', 'en', '2024-03-01'],
    ['1st Mar. 2024', 'en', '2024-03-01'],
    ['1. März 2024', 'de', '2024-03-01'],
    ['1 de marzo de 2024', 'es', '2024-03-01'],
    ['01/03/2024', 'fr', '2024-03-01'],
    ['03/01/2024', 'en-US', '2024-03-01'],
    ['13/03/2024', 'en-US', '2024-03-13'],
    ['1.3.2024', 'en', '2024-03-01'],
    ['1709285400', null, '2024-03-01T09:30:00.000Z'],
    ['31.2.2024', null, null],
    ['tomorrow', null, null],
    ['20240301', null, '2024-03-01'],
    ['20241301', null, null],
    ['1-Mar-2024', 'en', '2024-03-01'],
    ['Friday the 1st of March 2024', 'en', '2024-03-01'],
    ['2024. március 1.', 'hu', '2024-03-01'],
    ['2024 m. kovo 1 d.', 'lt', '2024-03-01'],
    ['١ مارس ٢٠٢٤', 'ar', '2024-03-01'],
    ['1 मार्च 2024', 'hi', '2024-03-01'],
    ['1 มีนาคม 2567', 'th', '2024-03-01'],
    ['ngày 1 tháng 3 năm 2024', 'vi', '2024-03-01'],
  ];
  for (const [text, language, value] of DATES)
    test(`${text} is ${value}`, () => assert.equal(readDate(text, language), value));
});
