import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { imagesOf } from '../../../src/scrape/formats/page-images.ts';

const images = (html: string) => imagesOf(parseHtml(html), 'https://example.com/blog/post');
const urls = (html: string) => images(html).map(({ url }) => url.replace('https://example.com', ''));

test('an image has its absolute URL, its alt and its declared size', () => {
  assert.deepEqual(images('<img src="../a.png?x=1" alt=" Two\n words" width="640" height=480px>'), [
    { url: 'https://example.com/a.png?x=1', alt: 'Two words', width: 640, height: 480 },
  ]);
  assert.deepEqual(
    images('<img src=/b.png width=100% height=auto><img src=/c.png alt="" width=0.5 height=9>'),
    [
      { url: 'https://example.com/b.png', alt: null, width: null, height: null },
      { url: 'https://example.com/c.png', alt: '', width: null, height: 9 },
    ],
  );
});

test('the largest version counts, wherever a lazy page keeps it', () => {
  const html =
    '<img src=s.png srcset="m.png 640w, l.png 1280w">' +
    '<img src="data:image/gif;base64,R0lGOD" data-src=/lazy.png>' +
    '<picture><source srcset="/p1.webp 1x, /p2.webp 2x"><img alt=p></picture>' +
    '<img class=lazy><noscript><img src=/fallback.png></noscript>';
  assert.deepEqual(urls(html), ['/blog/l.png', '/lazy.png', '/p2.webp', '/fallback.png']);
});

test('a placeholder gives way to the picture that its noscript holds', () => {
  const twin = '<noscript><img src=/real.png></noscript>';
  for (const placeholder of [
    'class="lazy-img" src=/tiny.png',
    'src="/img/blank.gif"',
    'src=/a/placeholder-2.svg',
  ])
    assert.deepEqual(urls(`<img ${placeholder}>${twin}`), ['/real.png'], placeholder);
  const pixel = '<noscript><img src=/count width=1 height=1></noscript>';
  assert.deepEqual(urls(`<img class=lazy src=/a.png>${pixel}`), ['/a.png']);
  assert.deepEqual(urls(`<img src=/logo.png>${twin}`)[0], '/logo.png');
});

test('each URL stands once, in document order, described by any of its images', () => {
  const html =
    '<header><img src=/logo.svg></header><img src=/a.png><a><img src=/logo.svg alt=Home width=20 height=10></a>';
  assert.deepEqual(images(html), [
    { url: 'https://example.com/logo.svg', alt: 'Home', width: 20, height: 10 },
    { url: 'https://example.com/a.png', alt: null, width: null, height: null },
  ]);
});

test('what is no picture at an address is left out', () => {
  const html =
    '<img src="data:image/png;base64,AA"><img src="javascript:x"><img><img src="/pixel" width=1 height=1>' +
    '<img src="http://[">';
  assert.deepEqual(urls(html), []);
});

test('the sources of a picture are read once, however many images it holds', () => {
  const sources = `<source srcset="${'a.png 1x,'.repeat(20_000)}">`;
  const begun = performance.now();
  assert.deepEqual(urls(`<picture>${sources}${'<img>'.repeat(1000)}</picture>`), ['/blog/a.png']);
  assert.ok(performance.now() - begun < 2500);
});
