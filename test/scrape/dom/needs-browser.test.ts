import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsBrowser } from '../../../src/scrape/dom/scripted/needs-browser.ts';
import { parseHtml } from '../../../src/scrape/dom/index.ts';

const SCRIPT = '<script src="/app.js"></script>';
const WORDS = 'Words that a reader finds here without any script. '.repeat(12);

const PAGES: [what: string, html: string, needs: boolean][] = [
  ['an application that is all script', `<title>App</title><div id="root"></div>${SCRIPT}`, true],
  [
    'an empty application between navigation and footer',
    `<nav>Home Prices About</nav><div id="__next"></div><footer>© 2026 Example</footer>${SCRIPT}`,
    true,
  ],
  ['an empty main part', `<header>Our shop</header><main class="list"> </main>${SCRIPT}`, true],
  [
    'a plea for JavaScript',
    `<p>Loading</p><noscript>Please enable JavaScript to use this site.</noscript>${SCRIPT}`,
    true,
  ],
  [
    'an application that its server has rendered',
    `<div id="__next"><h1>Title</h1><p>${WORDS}</p></div>${SCRIPT}<noscript>Enable JavaScript.</noscript>`,
    false,
  ],
  ['a page with text and an empty place for a widget', `<p>${WORDS}</p><div id="app"></div>${SCRIPT}`, false],
  ['a short page without a script', '<main></main><p>Moved.</p>', false],
  [
    'an element that only a script defines, under navigation',
    `<nav>Home Prices About</nav><shop-app></shop-app>${SCRIPT}`,
    true,
  ],
  ['a picture in its main part', `<main><img src="/a.png"></main>${SCRIPT}`, false],
  [
    'a plea for JavaScript on a page that says much',
    `<p>${WORDS}</p><noscript>JavaScript is needed for comments.</noscript>${SCRIPT}`,
    false,
  ],
  [
    'a forum that says all of it without scripts too',
    `<main></main><div id="app"></div>${SCRIPT}<noscript><p>${WORDS.repeat(3)}</p></noscript>`,
    false,
  ],
  [
    'a script that only holds data',
    '<main></main><script type="application/ld+json">{"@type":"Thing"}</script>',
    false,
  ],
];

for (const [what, html, needs] of PAGES)
  test(`${needs ? 'needs' : 'needs no'} browser: ${what}`, () => {
    assert.equal(needsBrowser(parseHtml(html, 'html')), needs);
  });
