import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { extract } from '../../src/scrape/extract.ts';
import { okBlock } from '../../src/scrape/page-block.ts';
import { excludeMatching, isValidSelector, matchingSubtrees } from '../../src/scrape/selectors.ts';
import { FORMATS, type ExtractOptions } from '../../src/scrape/types.ts';

const OPTIONS: ExtractOptions = {
  formats: [...FORMATS],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};
const read = (html: string, options: Partial<ExtractOptions> = {}, robotsTags: string[] = []) =>
  extract(
    {
      url: 'https://example.com/dir/page',
      status: 200,
      contentType: 'text/html; charset=utf-8',
      robotsTags,
      body: Buffer.from(html),
    },
    { ...OPTIONS, ...options },
  );

const PAGE = `<!doctype html><html lang="en"><head><title>The page</title><base href="/base/"></head><body>
<nav><a href="/menu">Menu</a></nav>
<main><h1>Heading</h1><p class="lead">Lead with a <a href="rel">link</a>.</p><div class="box"><p>Boxed <b>words</b>.</p><p class="ad">Buy</p></div>
<script>bad()</script><p>Last of the paragraphs, which is long enough to be content of its own.</p></main>
<footer><p>Footer words</p><a href="/imprint" rel="nofollow">Imprint</a></footer></body></html>`;

test('a page in every format', async () => {
  const page = await read(PAGE);
  assert.ok(page.markdown!.startsWith('# Heading\n\nLead with a [link](https://example.com/base/rel).'));
  assert.ok(page.text!.startsWith('Heading\n\nLead with a link.'));
  assert.ok(page.html!.includes('<a href="https://example.com/base/rel">link</a>'));
  for (const format of [page.markdown!, page.text!, page.html!]) {
    assert.ok(!format.includes('bad()') && !format.includes('Menu') && !format.includes('Footer words'));
  }
  assert.deepEqual([page.metadata.title, page.metadata.language], ['The page', 'en']);
});

test('text after a head that was never closed is text of the page', async () => {
  const html =
    '<html><head><title>T</title><style>a{}</style><p>In the head</p>loose<link rel=icon href=i.png></html>';
  for (const only_main_content of [true, false]) {
    const page = await read(html, { only_main_content });
    assert.equal(page.text, 'In the head\n\nloose');
    assert.equal(page.metadata.title, 'T');
  }
  assert.equal((await read(`<head>${'x<p>'.repeat(200_000)}`)).metadata.title, null);
});

test('XHTML is read by its own rules: an element that is closed in its tag is empty, and CDATA is text', async () => {
  const script = '<script>//<![CDATA[\nbad("<p>x</p>")\n//]]></script>';
  const body = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><style/><script src="a.js"/></head><body>${script}
<script src="b.js"/><textarea/><iframe src="/f"/><h1>H</h1><div class="clear"/><p>A <a href="/b">link</a><br/><![CDATA[x < y & z]]></p></body></html>`;
  for (const contentType of ['application/xhtml+xml; charset=utf-8', 'application/xml']) {
    const page = await extract(
      { url: 'https://example.com/', status: 200, contentType, body: Buffer.from(body) },
      OPTIONS,
    );
    assert.ok(page.text!.endsWith('H\n\nA link\nx < y & z'), page.text);
    assert.ok(page.markdown!.includes('# H\n\nA [link](https://example.com/b)'), page.markdown);
    assert.deepEqual(page.links, ['https://example.com/b']);
  }
});

test('an image that a script would load comes from the noscript after it', async () => {
  const image =
    '<img src="data:image/gif;base64,R0" alt="N"><noscript>Needs scripts<img src="/a.png" alt="N"></noscript>';
  const other = '<img src="/b.png" alt="B"><noscript><img src="/c.png" alt="C"></noscript>';
  for (const only_main_content of [true, false]) {
    const page = await read(`<main><p>Before.</p><p>${image}</p><p>${other}</p><p>After.</p></main>`, {
      only_main_content,
    });
    assert.equal(
      page.markdown,
      'Before.\n\n![N](https://example.com/a.png)\n\n![B](https://example.com/b.png)\n\nAfter.',
    );
    assert.match(page.html!, /<img src="https:\/\/example.com\/a.png" alt="N">/);
    assert.equal(page.text, 'Before.\n\nAfter.');
  }
});

test('an image loaded by a script is read from the attribute that keeps its address', async () => {
  for (const name of ['data-src', 'data-lazyload', 'data-original-src', 'data-image', 'data-url']) {
    const page = await read(`<p>Words <img data-lazy="true" ${name}="/a.png" alt="N"></p>`);
    assert.equal(page.markdown, 'Words ![N](https://example.com/a.png)');
  }
  assert.match((await read('<p>a <img src="/a.png" data-url="/page"></p>')).markdown!, /a\.png/);
});

test('links are of the whole page, whatever is selected', async () => {
  const links = ['https://example.com/menu', 'https://example.com/base/rel', 'https://example.com/imprint'];
  for (const options of [
    {},
    { only_main_content: false },
    { include_selectors: ['.box'] },
    { exclude_selectors: ['a'] },
  ]) {
    const page = await read(PAGE, options);
    assert.deepEqual(page.links, links);
    assert.deepEqual(
      page.discovered.map(({ nofollow }) => nofollow),
      [false, false, true],
    );
  }
});

test('only_main_content: false keeps menus and footers, and no scripts', async () => {
  const { markdown } = await read(PAGE, { only_main_content: false });
  assert.ok(markdown!.includes('Menu') && markdown!.includes('Footer words') && !markdown!.includes('bad()'));
  assert.ok(!markdown!.includes('The page'));
});

test('include_selectors: the matches in document order, none twice', async () => {
  assert.equal(
    (await read(PAGE, { include_selectors: ['.box', '.lead'] })).text,
    'Lead with a link.\n\nBoxed words.\n\nBuy',
  );
  assert.equal(
    (await read(PAGE, { include_selectors: ['.box p', '.box', '.ad'] })).text,
    'Boxed words.\n\nBuy',
  );
  assert.equal((await read(PAGE, { include_selectors: ['footer p'] })).markdown, 'Footer words');
  assert.equal((await read(PAGE, { include_selectors: ['.missing'] })).markdown, '');
  assert.equal((await read(PAGE, { include_selectors: ['main'] })).text!.includes('bad()'), false);
});

test('include_selectors keep what is hidden when it is named itself', async () => {
  const html = '<div id="tab" style="display:none"><p>Named</p><p hidden>not named</p></div><p>Other</p>';
  assert.equal((await read(html, { include_selectors: ['#tab'] })).text, 'Named');
});

test('exclude_selectors go, also from what is included', async () => {
  const { text } = await read(PAGE, { exclude_selectors: ['.ad', 'h1'] });
  assert.ok(!text!.includes('Buy') && !text!.includes('Heading') && text!.includes('Boxed words'));
  assert.equal(
    (await read(PAGE, { include_selectors: ['.box'], exclude_selectors: ['.ad'] })).text,
    'Boxed words.',
  );
  assert.equal((await read(PAGE, { exclude_selectors: ['html'] })).text, '');
  assert.equal((await read(PAGE, { exclude_selectors: ['html'] })).metadata.title, 'The page');
});

test('selectors over the tree', () => {
  const document = parseHtml(
    '<ul><li>a<ul><li>b</li></ul></li><li class="x y">c</li></ul><p data-k="~~">d</p>',
  );
  assert.equal(matchingSubtrees(document, ['li']).length, 2);
  assert.equal(matchingSubtrees(document, ['li.x', '[data-k^="~"]', 'li li']).length, 3);
  assert.equal(matchingSubtrees(document, ['li:has(ul)', 'li:nth-child(2)']).length, 2);
  excludeMatching(document, ['li li', 'li', 'p']);
  assert.equal(matchingSubtrees(document, ['li', 'p']).length, 0);
});

test('isValidSelector', () => {
  const valid = [
    'p',
    '.a > .b',
    '#id',
    'a[href^="/x"]',
    'li:nth-child(2n+1)',
    'div:has(> p)',
    ':is(h1, h2)',
    'a ~ b',
    '[x="a ~ b ~ c"]',
    ':not(.a):not(.b)',
    '*',
  ];
  const invalid = [
    '',
    ' ',
    'p[',
    'a:unknown',
    'a::before',
    'a,,b',
    'div:not(',
    'a{}',
    'svg|a',
    '\\',
    'a:nth-child(x)',
  ];
  const costly = [
    'a:has(b:has(c))',
    'a ~ b ~ c',
    'p:has(~ q)',
    'a '.repeat(30),
    `.${'x'.repeat(300)}`,
    'a:contains("x"):has(b)',
  ];
  for (const selector of valid) assert.equal(isValidSelector(selector), true, selector);
  for (const selector of [...invalid, ...costly]) assert.equal(isValidSelector(selector), false, selector);
});

test('robots: the page and its header together', async () => {
  const html = '<meta name="robots" content="nofollow"><p>x';
  assert.deepEqual((await read(html)).robots, { noindex: false, nofollow: true });
  assert.deepEqual((await read(html, {}, ['noindex'])).robots, { noindex: true, nofollow: true });
  assert.deepEqual((await read('<p>x', {}, ['none'])).robots, { noindex: true, nofollow: true });
});

/** As JSON escapes, not as the text of an escape, which the source of a page may hold. */
const ESCAPES = /(?<!\\)\\(?:u0000|ud800)/;

test('U+0000 and lone surrogates leave in no format', async () => {
  const html = Buffer.concat([
    Buffer.from(
      '<title>a\0b&#0;</title><p>text\0 of &#xD800; it <a href="/\0x">l</a><script type="application/ld+json">{"a":"\\ud800\\u0000"}</script>',
    ),
  ]);
  const page = { url: 'https://example.com/', status: 200, contentType: 'text/html', body: html };
  const extraction = await extract(page, OPTIONS);
  const all = JSON.stringify(extraction);
  assert.doesNotMatch(all, ESCAPES);
  const block = okBlock(
    {
      url: page.url,
      finalUrl: page.url,
      status: 200,
      contentType: null,
      fetchedAt: new Date(0),
      durationMs: 1,
    },
    extraction,
    OPTIONS.formats,
  );
  assert.doesNotMatch(block, ESCAPES);
});

test('hostile HTML comes back in every format', async () => {
  const hostile = [
    '<div>'.repeat(20_000),
    `${'<table><tr><td>'.repeat(3000)}x`,
    '<a href="/x">'.repeat(50_000),
    `<p title="${'x'.repeat(3_000_000)}">y`,
    '&amp;'.repeat(500_000),
    '<'.repeat(1_000_000),
    '<!--'.repeat(300_000),
    `<script>${'<'.repeat(1_000_000)}`,
    `<link rel="${'a '.repeat(500_000)}">`.repeat(2),
    '</p>'.repeat(300_000),
  ];
  for (const html of hostile) {
    const page = await read(html, { only_main_content: false });
    assert.equal(typeof page.markdown, 'string', html.slice(0, 20));
  }
});
