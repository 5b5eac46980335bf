import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { metadataOf } from '../../../src/scrape/metadata/index.ts';

const BASE = 'https://example.com/blog/post';
const read = (html: string) => metadataOf(parseHtml(html), BASE);
const metadata = (html: string) => read(html).metadata;
const typeBy = (...entries: object[]) =>
  metadata(`<script type="application/ld+json">${JSON.stringify({ '@graph': entries })}</script>`)['type'];
const meta = (name: string, content: string): string => `<meta name="${name}" content="${content}">`;

test('a page that says nothing still has the four fields, and no others', () => {
  assert.deepEqual(metadata('<p>text'), {
    title: null,
    description: null,
    language: null,
    canonical_url: null,
  });
  assert.deepEqual(metadata(''), { title: null, description: null, language: null, canonical_url: null });
});

test('the title is the title tag, else og:title, else the first h1', () => {
  const og = '<meta property="og:title" content="Open &amp; graph">';
  assert.equal(metadata(`<title>\n A  &amp;\tB </title>${og}<h1>H</h1>`).title, 'A & B');
  assert.equal(metadata(`<title> </title>${og}<h1>H</h1>`).title, 'Open & graph');
  assert.equal(
    metadata('<h1>One <b>two</b><br>three<script>x</script></h1><h1>H</h1>').title,
    'One two three',
  );
  assert.equal(metadata('<svg><title>Icon</title></svg><title>Page</title>').title, 'Page');
});

test('the description, with its fallbacks', () => {
  assert.equal(metadata(meta('Description', ' a\n b ')).description, 'a b');
  assert.equal(metadata('<meta property="og:description" content="og">').description, 'og');
  assert.equal(metadata(meta('description', ' ') + meta('twitter:description', 'tw')).description, 'tw');
});

test('the language is a canonical tag', () => {
  assert.equal(metadata('<html lang="pt-br">').language, 'pt-BR');
  assert.equal(metadata('<html xml:lang="zh-hant-tw">').language, 'zh-Hant-TW');
  assert.equal(metadata('<meta http-equiv="Content-Language" content="de, en">').language, 'de');
  assert.equal(metadata('<meta property="og:locale" content="en_US">').language, 'en-US');
  assert.equal(metadata('<html lang=""><meta property="og:locale" content="fr">').language, 'fr');
  assert.equal(metadata('<html lang="not a tag!">').language, 'not a tag!');
});

test('the type is what JSON-LD says of the page, not of the site', () => {
  assert.equal(typeBy({ '@type': 'WebSite' }, { '@type': ['http://schema.org/NewsArticle'] }), 'NewsArticle');
  assert.equal(typeBy({ '@type': 'WebPage' }), 'WebPage');
  assert.equal(typeBy({ '@type': 7 }, { name: 'x' }), undefined);
});

test('URLs are absolute and http(s)', () => {
  const found = metadata(
    '<link rel="canonical" href="/c?a=1&amp;b=2"><link rel="shortcut icon" href="//cdn.example.com/i.png">' +
      '<meta property="og:image" content="../i.jpg"><meta property="og:url" content="javascript:alert(1)">',
  );
  assert.equal(found.canonical_url, 'https://example.com/c?a=1&b=2');
  assert.equal(found['favicon'], 'https://cdn.example.com/i.png');
  assert.equal(found['og_image'], 'https://example.com/i.jpg');
  assert.ok(!('og_url' in found));
  assert.equal(metadata('<link rel=canonical href="data:text/html,x">').canonical_url, null);
  assert.equal(metadata('<link rel=canonical href="http://[">').canonical_url, null);
  assert.equal(metadata('<meta property="og:url" content="/elsewhere">').canonical_url, null);
});

test('Open Graph and Twitter cards are flat, the first value wins', () => {
  const found = metadata(
    '<meta property="og:type" content="article"><meta property="og:type" content="other">' +
      '<meta property="og:image:width" content="1200"><meta name="og:site_name" content="Site">' +
      '<meta name="twitter:card" content="summary"><meta name="twitter:image:src" content="/t.png">',
  );
  assert.equal(found['og_type'], 'article');
  assert.equal(found['og_image_width'], '1200');
  assert.equal(found['og_site_name'], 'Site');
  assert.equal(found['site_name'], 'Site');
  assert.equal(found['twitter_card'], 'summary');
  assert.equal(found['twitter_image_src'], 'https://example.com/t.png');
});

test('author, times, keywords, generator', () => {
  const found = metadata(
    `${meta('author', 'Ann')}<meta property="article:published_time" content="2024-01-02">` +
      `<meta property="article:modified_time" content="2024-01-03">${meta('keywords', 'a, b ,,c')}${meta('generator', 'G 1')}`,
  );
  const { author, published_time, modified_time, keywords, generator } = found;
  assert.deepEqual(
    [author, published_time, modified_time, generator],
    ['Ann', '2024-01-02', '2024-01-03', 'G 1'],
  );
  assert.deepEqual(keywords, ['a', 'b', 'c']);
});

test('author and times fall back to JSON-LD', () => {
  const found = metadata(
    '<meta property="article:author" content="https://facebook.com/ann"><script type="application/ld+json">' +
      '{"@type":"NewsArticle","author":[{"@type":"Person","name":"Ann"}],"datePublished":"2024-05-06"}</script>',
  );
  assert.equal(found['author'], 'Ann');
  assert.equal(found['published_time'], '2024-05-06');
});

test('feeds and translations', () => {
  const found = metadata(
    '<link rel="alternate" type="application/rss+xml" title="News" href="/rss"><link rel=alternate type=application/atom+xml href=atom>' +
      '<link rel="alternate" hreflang="de-AT" href="/de"><link rel="alternate stylesheet" hreflang=x href="/s">',
  );
  assert.deepEqual(found['feeds'], [
    { url: 'https://example.com/rss', title: 'News', type: 'application/rss+xml' },
    { url: 'https://example.com/blog/atom', title: null, type: 'application/atom+xml' },
  ]);
  assert.deepEqual(found['alternates'], [{ hreflang: 'de-AT', url: 'https://example.com/de' }]);
});

test('robots directives of all the page has', () => {
  assert.deepEqual(read('<p>').robots, { noindex: false, nofollow: false });
  assert.deepEqual(read(meta('ROBOTS', 'NoIndex')).robots, { noindex: true, nofollow: false });
  assert.deepEqual(read(meta('robots', 'noindex') + meta('robots', 'max-snippet:5, nofollow')).robots, {
    noindex: true,
    nofollow: true,
  });
  assert.deepEqual(read(meta('robots', 'none')).robots, { noindex: true, nofollow: true });
  assert.deepEqual(read(meta('googlebot', 'noindex') + meta('robots', 'index,follow')).robots, {
    noindex: false,
    nofollow: false,
  });
  assert.equal(metadata(meta('robots', 'noindex'))['robots'], 'noindex');
});

const ld = (json: string): unknown =>
  metadata(`<script type="application/ld+json">${json}</script>`)['json_ld'];

test('JSON-LD: arrays and graphs are opened', () => {
  assert.deepEqual(ld('{"@context":"https://schema.org","@graph":[{"@type":"A"},[{"@type":"B"}]]}'), [
    { '@type': 'A' },
    { '@type': 'B' },
  ]);
  assert.deepEqual(ld('[{"a":1},{"b":[true,null,"x"]}]'), [{ a: 1 }, { b: [true, null, 'x'] }]);
  assert.deepEqual(ld('{"name":"N","@graph":[{"c":1}]}'), [{ name: 'N' }, { c: 1 }]);
});

test('JSON-LD: what sites get wrong is forgiven, what is beyond repair is skipped', () => {
  assert.deepEqual(ld('<!-- {"a":1} -->'), [{ a: 1 }]);
  assert.deepEqual(ld('{"a": "One\n,two", "b": [1, ],\n}'), [{ a: 'One ,two', b: [1] }]);
  assert.deepEqual(ld('//<![CDATA[\n{"a":1}\n//]]>'), [{ a: 1 }]);
  assert.deepEqual(ld('{"a":"two\nlines"};'), [{ a: 'two lines' }]);
  assert.deepEqual(
    metadata(
      '<script type="application/ld+json">{oops</script><script type=APPLICATION/LD+JSON>{"a":1}</script>',
    )['json_ld'],
    [{ a: 1 }],
  );
  for (const json of ['', 'null', '"text"', '3', '[]', '{}', '{oops'])
    assert.equal(ld(json), undefined, json);
});

test('JSON-LD: no prototype, no U+0000, no lone surrogate comes through', () => {
  assert.equal(JSON.stringify(ld('{"__proto__":{"x":1},"a\\u0000b":"c\\ud800d"}')), '[{"ab":"cd"}]');
});

test('JSON-LD is bounded in depth, length and number', () => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  const graphs = `${'{"@graph":'.repeat(50_000)}1${'}'.repeat(50_000)}`;
  const long = `{"articleBody":"${'x'.repeat(500_000)}"}`;
  const many = `[${Array.from({ length: 20_000 }, (_, i) => `{"i":${i}}`).join(',')}]`;
  for (const json of [deep, graphs, long, many, `${'['.repeat(100_000)}${']'.repeat(100_000)}`]) {
    assert.ok(JSON.stringify(ld(json) ?? []).length < 120_000);
  }
  const scripts = `<script type="application/ld+json">${long}</script>`.repeat(50);
  assert.ok(JSON.stringify(metadata(scripts)).length < 200_000);
});

test('microdata items, nested and typed', () => {
  const found = metadata(
    '<div itemscope itemtype="https://schema.org/Product" itemid="/p1"><h1 itemprop="name">Tea <b>pot</b></h1>' +
      '<img itemprop="image" src="/t.png"><meta itemprop="sku" content="42"><a itemprop="url name2" href="/x">l</a>' +
      '<div itemprop="offers" itemscope itemtype="https://schema.org/Offer"><span itemprop="price" content="9.50">€9.50</span></div>' +
      '<time itemprop="date" datetime="2024-01-01">1 Jan</time><i itemprop="tag">a</i><i itemprop="tag">b</i></div>' +
      '<p itemprop="stray">no item</p><div itemscope></div>',
  );
  assert.deepEqual(found['microdata'], [
    {
      type: ['https://schema.org/Product'],
      id: 'https://example.com/p1',
      properties: {
        name: ['Tea pot'],
        image: ['https://example.com/t.png'],
        sku: ['42'],
        url: ['https://example.com/x'],
        name2: ['https://example.com/x'],
        offers: [{ type: ['https://schema.org/Offer'], properties: { price: ['9.50'] } }],
        date: ['2024-01-01'],
        tag: ['a', 'b'],
      },
    },
    { type: [], properties: {} },
  ]);
});

test('hostile pages make no large metadata', () => {
  const pages = [
    '<div itemscope itemprop="a b c d e f g h i j">'.repeat(20_000),
    `<div itemscope>${'<span itemprop=a>'.repeat(400)}${'text '.repeat(100_000)}`,
    '<div itemscope itemprop=a><i itemprop="__proto__ constructor">x</i>'.repeat(5000),
    Array.from({ length: 5000 }, (_, i) => `<meta property="og:k${i}" content="${'v'.repeat(1000)}">`).join(
      '',
    ),
    `<title>${'t'.repeat(3_000_000)}</title>${meta('description', 'd '.repeat(1_000_000))}`,
    `<link rel=alternate hreflang=en href="/${'u'.repeat(3000)}">`.repeat(5000),
    `<link rel=canonical href="/${'u'.repeat(1_000_000)}">${meta('keywords', 'k,'.repeat(1_000_000))}`,
    `<h1>${'<b>'.repeat(500)}${'words '.repeat(500_000)}</h1>`,
  ];
  for (const html of pages) assert.ok(JSON.stringify(metadata(html)).length < 700_000, html.slice(0, 60));
});

test('a value cut between two surrogates stays well-formed', () => {
  const found = metadata(meta('description', `x${'\u{1f600}'.repeat(10_000)}`));
  assert.ok(found.description?.isWellFormed());
});
