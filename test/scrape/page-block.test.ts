import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { failedBlock, okBlock } from '../../src/scrape/page-block.ts';
import { PAGE_ERRORS, type Extraction, type PageErrorCode } from '../../src/scrape/types.ts';

const extraction: Extraction = {
  markdown: '# Hi',
  html: '<h1>Hi</h1>',
  text: 'Hi',
  links: ['https://example.com/'],
  metadata: { title: 'Hi', description: null, language: 'en', canonical_url: null, og_type: 'article' },
  discovered: [],
  block: null,
  empty: null,
  robots: { noindex: false, nofollow: false },
};
const page = {
  url: 'https://example.com/a',
  finalUrl: 'https://example.com/b',
  status: 404,
  contentType: 'text/html; charset=utf-8',
  fetchedAt: new Date(Date.UTC(2024, 1, 3, 4, 5, 6, 7)),
  durationMs: 12.6,
};

test('an ok block is the exact text of the contract, in its order', () => {
  assert.equal(
    okBlock(page, extraction, ['links', 'markdown']),
    '{"url":"https://example.com/a","final_url":"https://example.com/b","status":"ok","http_status":404,' +
      '"content_type":"text/html; charset=utf-8","markdown":"# Hi","links":["https://example.com/"],' +
      '"metadata":{"title":"Hi","description":null,"language":"en","canonical_url":null,"og_type":"article"},' +
      '"block":null,"error":null,"fetched_at":"2024-02-03T04:05:06.007Z","duration_ms":13}',
  );
});

test('the forms of the page as it came stand beside the content, null where there is none', () => {
  const raw: Extraction = {
    ...extraction,
    raw_html: null,
    images: [{ url: 'https://example.com/a.png', alt: '', width: 2, height: null }],
    response: { status: 200, headers: { server: 'x' }, redirects: [] },
  };
  const block = JSON.parse(okBlock(page, raw, ['response', 'images', 'raw_html']));
  const { raw_html, images, response } = block;
  assert.deepEqual(
    { raw_html, images, response },
    {
      raw_html: null,
      images: raw.images,
      response: raw.response,
    },
  );
  assert.ok(!('markdown' in block));
});

test('every format that was asked for is there, even where the extraction has none; no other is', () => {
  const bare: Extraction = {
    metadata: extraction.metadata,
    discovered: [],
    robots: extraction.robots,
    block: null,
    empty: null,
  };
  const all = JSON.parse(okBlock(page, bare, ['metadata', 'text', 'links', 'html', 'markdown']));
  assert.deepEqual(Object.keys(all), [
    'url',
    'final_url',
    'status',
    'http_status',
    'content_type',
    'markdown',
    'html',
    'text',
    'links',
    'metadata',
    'block',
    'error',
    'fetched_at',
    'duration_ms',
  ]);
  assert.deepEqual([all.markdown, all.html, all.text, all.links], ['', '', '', []]);
  const none = JSON.parse(okBlock(page, extraction, ['metadata']));
  assert.deepEqual(
    ['markdown', 'html', 'text', 'links'].filter((key) => key in none),
    [],
  );
  assert.deepEqual(none.metadata, extraction.metadata);
});

test('a failed block has the same keys and says why', () => {
  const codes = Object.keys(PAGE_ERRORS).filter((code): code is PageErrorCode => code in PAGE_ERRORS);
  for (const code of codes) {
    const block = failedBlock({
      ...page,
      finalUrl: null,
      contentType: null,
      httpStatus: null,
      status: 'skipped',
      code,
    });
    assert.equal(
      block,
      '{"url":"https://example.com/a","final_url":null,"status":"skipped","http_status":null,"content_type":null,' +
        '"metadata":{"title":null,"description":null,"language":null,"canonical_url":null},' +
        `"block":null,"error":{"code":"${code}","message":${JSON.stringify(PAGE_ERRORS[code])}},` +
        '"fetched_at":"2024-02-03T04:05:06.007Z","duration_ms":13}',
    );
  }
});

test('U+0000 and lone surrogates are stripped from values and keys, and nothing else is', () => {
  const markdown = 'a\0b \ud800c \udc00 \\u0000 \\\\u0000 \\ud800 \u{1f600} \u0001 \ufffd "\\" \u2028';
  const metadata = { ...extraction.metadata, title: '\0', ['k\0\ud800ey']: ['\ud83d\0\ude00'] };
  const block = JSON.parse(okBlock(page, { ...extraction, markdown, metadata }, ['markdown']));
  assert.equal(block.markdown, 'ab c  \\u0000 \\\\u0000 \\ud800 \u{1f600} \u0001 \ufffd "\\" \u2028');
  assert.equal(block.metadata.title, '');
  assert.deepEqual(block.metadata.key, ['']);
});

test('property: a block is JSON of the text without what Postgres refuses', () => {
  const text = fc.array(
    fc.constantFrom('\0', '\ud800', '\udfff', '\u{1f600}', '\\', 'u0000', 'ud800', '"', 'a', '\n', 'é'),
  );
  fc.assert(
    fc.property(text, (parts) => {
      const markdown = parts.join('');
      const block = okBlock(page, { ...extraction, markdown }, ['markdown']);
      assert.equal(JSON.parse(block).markdown, markdown.replace(/[\0\p{Surrogate}]/gu, ''));
      assert.doesNotMatch(block.replaceAll('\\\\', ''), /\\u0000|\\ud[89a-f]/);
    }),
    { numRuns: 500 },
  );
});
