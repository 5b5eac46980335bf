import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { checkAddresses } from '../../../src/scrape/formats/address-budget.ts';
import { parseSrcset } from '../../../src/scrape/formats/images.ts';
import { baseUrl, discoveredLinks, linksOf, resolveUrl } from '../../../src/scrape/formats/links.ts';
import type { DiscoveredLink } from '../../../src/scrape/types.ts';

const PAGE = 'https://example.com/docs/page?x=1#top';

function links(html: string): string[] {
  return linksOf(parseHtml(html), PAGE);
}

suite('linksOf', () => {
  test('resolves, in document order, each address once', () => {
    assert.deepEqual(
      links(
        '<a href="/b">b</a><a href="a">a</a><map><area href="../c"></map><a href="https://example.com/b#x">b</a>',
      ),
      ['https://example.com/b', 'https://example.com/docs/a', 'https://example.com/c'],
    );
  });

  test('drops fragments and white space', () => {
    assert.deepEqual(links('<a href=" /a#b ">a</a><a href="#c">c</a>'), [
      'https://example.com/a',
      'https://example.com/docs/page?x=1',
    ]);
  });

  test('takes http and https only', () => {
    const html = [
      'mailto:a@b.c',
      'tel:1',
      'javascript:x',
      'data:text/html,x',
      'ftp://a.b/',
      'blob:x',
      'file:///x',
      'https://',
      'http://a b/',
    ];
    assert.deepEqual(links(html.map((href) => `<a href="${href}">x</a>`).join('')), []);
  });

  test('takes no other elements', () => {
    assert.deepEqual(
      links('<link href="/a"><iframe src="/b"></iframe><a>c</a><form action="/d"></form>'),
      [],
    );
  });

  test('takes frames, and where a page sends its readers at once', () => {
    const html = `<meta http-equiv="Refresh" content="0; URL='next'"><meta http-equiv="refresh" content="30;url=/later">
      <frameset><frame src="menu.html"><frame></frameset>`;
    assert.deepEqual(links(html), ['https://example.com/docs/next', 'https://example.com/docs/menu.html']);
  });

  test('encodes what would break a list of addresses', () => {
    assert.deepEqual(links('<a href="/a b|c`d">x</a>'), ['https://example.com/a%20b%7Cc%60d']);
  });
});

function discovered(html: string): DiscoveredLink[] {
  return discoveredLinks(parseHtml(html), PAGE);
}

suite('discoveredLinks', () => {
  test('marks nofollow, ugc and sponsored', () => {
    for (const rel of ['nofollow', 'noopener UGC', 'sponsored external']) {
      assert.deepEqual(discovered(`<a rel="${rel}" href="/a">a</a>`), [
        { url: 'https://example.com/a', nofollow: true },
      ]);
    }
    assert.deepEqual(discovered('<a rel="noopener" href="/a">a</a>'), [
      { url: 'https://example.com/a', nofollow: false },
    ]);
  });

  test('one link that may be followed is enough', () => {
    assert.deepEqual(discovered('<a rel="nofollow" href="/a">a</a><a href="/a">a</a>'), [
      { url: 'https://example.com/a', nofollow: false },
    ]);
    assert.deepEqual(discovered('<a href="/a">a</a><a rel="nofollow" href="/a">a</a>'), [
      { url: 'https://example.com/a', nofollow: false },
    ]);
  });
});

function base(html: string): string {
  return baseUrl(parseHtml(html), PAGE);
}

suite('baseUrl', () => {
  test('is the page without a base', () => assert.equal(base('<p>a</p>'), PAGE));
  test('is the first base with an address', () => {
    assert.equal(base('<base target="_top"><base href="/x/"><base href="/y/">'), 'https://example.com/x/');
    assert.equal(base('<base href="https://other.example/z">'), 'https://other.example/z');
  });
  test('is the page where the base is none', () => {
    for (const href of ['javascript:x', 'data:text/html,x', 'https://', 'mailto:a@b.c'])
      assert.equal(base(`<base href="${href}">`), PAGE, href);
  });
});

suite('resolveUrl', () => {
  test('keeps harmless schemes', () => {
    assert.equal(resolveUrl('mailto:a@b.example', PAGE), 'mailto:a@b.example');
    assert.equal(resolveUrl('tel:+1', PAGE), 'tel:+1');
  });
  test('refuses what runs code or carries its own content', () => {
    for (const url of [
      'javascript:x',
      ' java\tscript:x',
      'JAVASCRIPT:x',
      'vbscript:x',
      'data:text/html,x',
      'blob:https://a/b',
      'file:///etc/passwd',
      'about:blank',
    ]) {
      assert.equal(resolveUrl(url, PAGE), null, url);
      assert.equal(resolveUrl(url, ''), null, url);
    }
  });
});

suite('parseSrcset', () => {
  const cases: [string, string[]][] = [
    ['a.jpg', ['a.jpg|']],
    ['a.jpg 1x, b.jpg 2x', ['a.jpg|1x', 'b.jpg|2x']],
    [' a.jpg 480w ,\n b.jpg 800w', ['a.jpg|480w', 'b.jpg|800w']],
    ['a.jpg, b.jpg 2x', ['a.jpg|', 'b.jpg|2x']],
    ['/w_1,h_2/a.jpg 1x, /w_3,h_4/b.jpg 2x', ['/w_1,h_2/a.jpg|1x', '/w_3,h_4/b.jpg|2x']],
    ['a.jpg 1x,b.jpg 2x', ['a.jpg|1x', 'b.jpg|2x']],
    [',,a.jpg 1x,,', ['a.jpg|1x']],
    ['', []],
  ];
  for (const [srcset, expected] of cases) {
    test(JSON.stringify(srcset), () => {
      assert.deepEqual(
        parseSrcset(srcset).map(({ url, descriptor }) => `${url}|${descriptor}`),
        expected,
      );
    });
  }
});

const based = (length: number, body: string): string =>
  `<base href="https://example.com/${'a'.repeat(length - 21)}/">${body}`;

function checkBased(body: string): void {
  const document = parseHtml(based(8000, body));
  checkAddresses(document, baseUrl(document, PAGE));
}

suite('a long base', () => {
  test('is none where no page could have it', () => {
    assert.equal(baseUrl(parseHtml(based(8192, '')), PAGE).length, 8192);
    assert.equal(baseUrl(parseHtml(based(8193, '')), PAGE), PAGE);
  });

  test('does not make a page many times as long as it came', () => {
    const tooLarge = { name: 'PageError', code: 'too_large' };
    const long = ['<a href=b>c</a>'.repeat(2000), '<img src=b>'.repeat(2000)];
    long.push(`<img srcset="${'a,'.repeat(2000)}">`);
    for (const body of long) assert.throws(() => checkBased(body), tooLarge);
    checkBased(
      '<a href="/b">c</a><a href="//d.example/e">f</a><a href="https://g.example/">h</a>'.repeat(2000),
    );
    checkBased('<a href=b>c</a>'.repeat(1000));
  });
});
