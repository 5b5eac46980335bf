import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mean, scoreOf } from '../../bench/extraction/scores.ts';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { toHtml } from '../../../src/scrape/formats/html.ts';
import { mainContent, removeNoise } from '../../../src/scrape/main-content/index.ts';
import { toText } from '../../../src/scrape/formats/text.ts';
import { examplePages } from './example-pages.ts';

const URL = 'https://example.com/page';
const read = (html: string, url = URL): string => toText(mainContent(parseHtml(html), url));
const PROSE =
  'The river had risen overnight, and the people of the lower town carried their chairs upstairs, as they had done every spring. ';

const pages = examplePages();

test('there are examples of all seven types', () => {
  assert.ok(pages.length >= 40);
  assert.equal(new Set(pages.map(({ type }) => type)).size, 7);
});

for (const page of pages) {
  test(`${page.type}: ${page.name}`, () => {
    const actual = read(page.html(), page.url);
    assert.ok(scoreOf(page.text ?? '', actual).f1 >= 0.9, `expected\n${page.text}\n\nactual\n${actual}`);
  });
}

test('the examples as a whole come out nearly word for word', () => {
  const scores = pages.map((page) => scoreOf(page.text ?? '', read(page.html(), page.url)).f1);
  assert.ok(mean(scores) >= 0.98, String(mean(scores)));
});

test('never empty where the body has text', () => {
  for (const html of [
    '<nav>Home</nav>',
    '<footer><p>Only a footer.</p></footer>',
    'bare text',
    '<main></main><div class="sidebar">All there is.</div>',
    `<nav>${'<a href="/">word</a> '.repeat(500)}</nav>`,
    '<head><title>Title</title>text in an unclosed head',
    '<body></body>text after the body',
    '<p class="cookie-consent">We use cookies.</p>',
    '<body style="visibility: hidden"><p>Shown by a script.</p></body>',
    '<body><div id="app" style="display:none"><p>Shown by a script.</p></div></body>',
    '<body><noscript>Only without scripts.</noscript></body>',
  ]) {
    assert.notEqual(read(html), '', html);
  }
  assert.equal(read(''), '');
  assert.equal(read('<body><script>a()</script></body>'), '');
});

test('a hidden element that holds most of the page is shown by a script', () => {
  const body = `<main><div class="locked" style="display:none"><h1>River</h1><p>${PROSE.repeat(8)}</p></div></main>`;
  const text = read(
    `<body><p>Skip to content</p><p>${PROSE}</p>${body}<p style="display:none">${PROSE}</p></body>`,
  );
  assert.ok(text.includes('River') && text.split(PROSE.trim()).length > 8, text);
});

test('class names of html, body, main and article do not drop what they hold', () => {
  const names = 'sidebar nav footer cookie-consent modal popup related';
  const html = `<html class="${names}"><body class="${names}" id="menu"><main class="${names}"><article class="${names}"><p>Kept.</p></article></main></body></html>`;
  assert.equal(read(html), 'Kept.');
});

test('class names are matched by whole words', () => {
  assert.equal(read('<main><div class="navigatorstory adsorption shared">Kept.</div></main>'), 'Kept.');
});

test('images stay with the text that they stand in, and go with the rest', () => {
  const body = `<article>${`<p>${PROSE.repeat(2)}</p>`.repeat(4)}<img src="/in.jpg" alt="River"><p>${PROSE}</p></article>`;
  const html = `<body><nav><a href="/">Home</a><img src="/logo.png"></nav><main>${body}</main><footer><img src="/seal.png">Imprint</footer></body>`;
  const out = toHtml(mainContent(parseHtml(html), URL), URL);
  assert.ok(out.includes('/in.jpg') && !out.includes('logo.png') && !out.includes('seal.png'), out);
});

test('an empty cell keeps its place', () => {
  const rows = `<tr><th>Day</th><th>Water</th></tr>${'<tr><td></td><td>It rose by half a metre in the night.</td></tr>'.repeat(3)}`;
  const html = `<body><main><article>${`<p>${PROSE.repeat(2)}</p>`.repeat(4)}<table>${rows}</table><p>${PROSE}</p></article></main></body>`;
  assert.equal(toHtml(mainContent(parseHtml(html), URL), URL).match(/<td>/g)?.length, 6);
});

const SENTENCES = Array.from({ length: 12 }, (_, i) => `<p>Step ${i + 1}. ${PROSE}${PROSE}</p>`);

/** A page of a manual: navigation around, and a body that is given. */
const manual = (body: string): string =>
  `<body><div class="navheader"><table><tr><th colspan="3">Manual</th></tr><tr><td><a href="a">Prev</a></td><td><a href="u">Up</a></td><td><a href="b">Next</a></td></tr></table></div>
  ${body}<div class="navfooter"><table><tr><td><a href="a">Prev</a></td><td><a href="h">Home</a></td><td><a href="b">Next</a></td></tr></table></div></body>`;

test('an anchor whose words happen to be those of menus does not drop its section', () => {
  for (const id of [
    'catalog-pg-subscription-rel',
    'spi-register-relation',
    'infoschema-user-mapping-options',
  ]) {
    const html = manual(`<div class="sect1" id="${id}"><h2>Columns</h2><p>${PROSE}</p></div>`);
    assert.equal(read(html), `Columns\n\n${PROSE.trim()}`);
  }
});

const term = (name: string): string =>
  `<dt><span class="term"><code>${name}</code></span></dt><dd><p>${PROSE}</p></dd>`;

test('a long page keeps its title, its synopsis, and the names of what it defines', () => {
  const html = manual(
    `<div class="refentry" id="SQL-SELECT"><h1>SELECT</h1><p>SELECT — retrieve rows from a table</p><h2>Synopsis</h2><pre>SELECT * FROM river</pre>
    <h2>Description</h2>${SENTENCES.join('')}<h2>Options</h2><dl>${['--all', '-v', 'table_name'].map(term).join('')}</dl></div>`,
  );
  const text = read(html);
  for (const part of [
    'SELECT — retrieve',
    'Synopsis',
    'SELECT * FROM river',
    'Options',
    '--all',
    '-v',
    'table_name',
  ])
    assert.ok(text.includes(part), `${part} is missing in\n${text}`);
  assert.match(text, /^SELECT\n/);
  assert.doesNotMatch(text, /Prev|Home|Next/);
});

test('white space that has an element of its own parts the words around it', () => {
  const code = '<pre><span>async</span><span class="w"> </span><span>def</span> <span>main</span>():</pre>';
  const name =
    '<dl><dt><em><span>class</span><span class="w"> </span></em><span>Queue</span></dt><dd><p>Holds chairs.</p></dd></dl>';
  const text = read(`<body><main><h1>Queues</h1>${SENTENCES.join('')}${code}${name}</main></body>`);
  assert.ok(text.includes('async def main():') && text.includes('class Queue'), text);
});

const REMARK = 'Do not run this in production, it deletes data.';
const article = (inside: string, sentences: string[]): string =>
  `<body><nav><a href="/">Home</a></nav><main><article><h1>Deleting</h1>${sentences.join('')}${inside}${sentences.join('')}</article></main></body>`;

test('a remark in an article is part of it, though it is an aside', () => {
  for (const sentences of [SENTENCES.slice(0, 1), SENTENCES]) {
    for (const note of [
      `<aside class="starlight-aside starlight-aside--note"><div class="starlight-aside__content"><p>${REMARK}</p></div></aside>`,
      `<aside class="admonition warning"><p>${REMARK}</p></aside>`,
      `<aside class="callout">${REMARK}</aside>`,
      `<aside><p>${REMARK}</p></aside>`,
      `<div class="alert alert-info" role="alert">${REMARK}</div>`,
    ])
      assert.ok(read(article(note, sentences)).includes(REMARK), note);
    for (const aside of [
      `<aside class="related"><p>${REMARK}</p></aside>`,
      '<aside><ul><li><a href="/a">Stop here</a><li><a href="/b">Do not run</a></ul></aside>',
    ])
      assert.doesNotMatch(read(article(aside, sentences)), /Do not run/, aside);
  }
});

test('questions are kept that are buttons, and answers that those unfold', () => {
  const kinds: ((n: number) => string)[] = [
    (n) =>
      `<h2 class="accordion-header"><button>How do I pay ${n}?</button></h2><div class="collapse">Answer ${n}. ${PROSE}</div>`,
    (n) => `<h3><button><span>How do I pay ${n}?</span> <i>+</i></button></h3><p>Answer ${n}. ${PROSE}</p>`,
    (n) => `<dl><dt><button>How do I pay ${n}?</button></dt><dd>Answer ${n}. ${PROSE}</dd></dl>`,
    (n) =>
      `<h3><button aria-controls="s${n}" aria-expanded="false">How do I pay ${n}?</button></h3><div id="s${n}" hidden>Answer ${n}. ${PROSE}</div>`,
    (n) =>
      `<h3 id="h${n}"><button>How do I pay ${n}?</button></h3><div role="region" aria-labelledby="h${n}" hidden>Answer ${n}. ${PROSE}</div>`,
    (n) =>
      `<button aria-controls="s${n}" aria-expanded="false">How do I pay ${n}?</button><div id="s${n}" hidden>Answer ${n}. ${PROSE}</div>`,
  ];
  for (const kind of kinds) {
    for (const count of [1, 12]) {
      const questions = Array.from({ length: count }, (_, n) => kind(n)).join('');
      const text = read(
        `<body><nav><a href="/">Home</a></nav><main><h1>Questions</h1>${questions}</main></body>`,
      );
      assert.equal(text.match(/How do I pay \d+\?[\s+-]+Answer/g)?.length, count, text);
    }
  }
});

test('a button in a menu is no question', () => {
  const menu =
    '<nav><button aria-controls="m" aria-expanded="false">Open the menu</button><ul id="m" hidden><li>Home</ul></nav>';
  assert.equal(read(`<body>${menu}<main><p>${PROSE}</p></main></body>`), PROSE.trim());
});

test('a page of frames shows what it says to browsers without them', () => {
  const frames =
    '<frameset cols="1,2"><frame src="a.html"><frame src="b.html"><noframes><body><h1>River</h1><p>Go on.</p></body></noframes></frameset>';
  assert.equal(read(`<html><head><title>T</title></head>${frames}</html>`), 'River\n\nGo on.');
  assert.equal(read(`<html><body><p>Here.</p>${frames}</body></html>`), 'Here.');
});

test('on a small page main holds the content', () => {
  const beside =
    '<div class="made-by"><p>This page was made by a program on the third of May and is read by few.</p></div>';
  const html = `<body><div role="main"><h1>River</h1><p>${PROSE}</p></div>${beside.repeat(10)}</body>`;
  assert.equal(read(html), `River\n\n${PROSE.trim()}`);
});

test('what stands outside of a main that holds most of the page is seldom content', () => {
  const beside =
    '<div class="footer">© The Gazette. This page is licensed under a licence that allows all. Last updated on a Monday.</div>';
  const text = read(`<body><main><h1>River</h1>${SENTENCES.slice(0, 4).join('')}</main>${beside}</body>`);
  assert.ok(text.startsWith('River') && !text.includes('Gazette'), text);
});

test('a list is kept whole where most of it is', () => {
  const items = Array.from(
    { length: 12 },
    (_, i) => `<li><a href="/${i}">Chapter ${i}</a>${i % 3 === 0 ? '' : ', in which the river rises'}</li>`,
  );
  const text = read(
    `<body><main><h1>Contents</h1>${SENTENCES.join('')}<ol>${items.join('')}</ol></main></body>`,
  );
  for (let i = 0; i < 12; i++) assert.ok(text.includes(`Chapter ${i}`), text);
});

test('the sign beside a heading that links to it is none of its text', () => {
  assert.equal(
    noise(
      '<h2>Usage<a class="headerlink" href="#usage">¶</a></h2><p><a href="/c#">#</a> <a href="/c">C#</a></p>',
    ),
    'Usage\n\nC#',
  );
});

function noise(html: string): string {
  const document = parseHtml(html);
  removeNoise(document);
  return toText(document.children);
}

const label = (text: string): string => `<p><a href="/a">Guide <span class="sr-only">${text}</span></a></p>`;

test('what stands beside the text is none of it', () => {
  for (const text of [
    '(opens in new tab)',
    'Opens in a new window',
    ', external link, opens in a new tab',
    'External link',
  ])
    assert.equal(noise(label(text)), 'Guide');
  for (const text of ['of 2024', 'News about windows']) assert.equal(noise(label(text)), `Guide ${text}`);
  assert.equal(
    noise(
      '<div class="language-ts"><button></button><span class="lang">ts</span><pre><code>a</code></pre></div>',
    ),
    'a',
  );
});

test('a quotation keeps the name of its author', () => {
  for (const names of ['', ' class="blockquote-footer"']) {
    for (const sentences of [SENTENCES.slice(0, 1), SENTENCES]) {
      const quote = `<blockquote><p>${PROSE}</p><footer${names}>— <cite>Ann Author</cite></footer></blockquote>`;
      assert.match(read(article(quote, sentences)), /— Ann Author/);
    }
  }
});

test('removeNoise drops what no reader sees', () => {
  assert.equal(
    noise(
      '<p>a</p><!-- b --><script>c</script><style>d</style><template>e</template><svg><title>f</title></svg>',
    ),
    'a',
  );
  assert.equal(
    noise(
      '<p hidden>a</p><p aria-hidden="true">b</p><p style="Display : NONE">c</p><p style="visibility:hidden">d</p><p>e</p>',
    ),
    'e',
  );
  assert.equal(noise('<p style="--display:none-ish">a</p><p hidden="until-found">b</p>'), 'a\n\nb');
  assert.equal(noise('<nav>a</nav><footer>b</footer>'), 'a\n\nb');
  assert.equal(noise('<p>many words are here</p><noscript>no script</noscript>'), 'many words are here');
  assert.equal(noise('<noscript>no script</noscript><p>one</p>'), 'no script\n\none');
});

test('removeNoise keeps the text that is hidden from screen readers alone', () => {
  const slide = 'The second of three slides, which a reader sees as soon as the first has gone.';
  assert.equal(noise(`<p>a</p><li aria-hidden="true">${slide}</li>`), `a\n\n${slide}`);
  assert.equal(noise(`<p>a</p><a href="/b" aria-hidden="true">${slide}</a>`), `a\n\n${slide}`);
  assert.equal(noise(`<p>a</p><div class="a-expander" style="display:none">${slide}</div>`), `a\n\n${slide}`);
  const over = ['class="modal fade"', 'id="cookie-settings"', 'role="dialog"', 'class="main-menu"', 'hidden'];
  for (const attribute of over)
    assert.equal(noise(`<p>a</p><div aria-hidden="true" ${attribute}>${slide}</div>`), 'a', attribute);
  assert.equal(noise(`<p>a</p><nav aria-hidden="true">${slide}</nav>`), 'a');
});

test('removeNoise changes the children in place', () => {
  const document = parseHtml('<div><script>a</script><p>b</p><i hidden>c</i></div>');
  const { children } = document;
  removeNoise(document);
  assert.equal(document.children, children);
  const [div] = children;
  assert.ok(div !== undefined && 'children' in div);
  const [p] = div.children;
  assert.deepEqual([div.children.length, p!.prev, p!.next, p!.parent], [1, null, null, div]);
});

test('any input is taken, and adds no words', () => {
  const tags = 'div main p table td br noscript svg body head h1 nav'
    .split(' ')
    .flatMap((tag) => [`<${tag}>`, `</${tag}>`]);
  const piece = fc.constantFrom(
    ...tags,
    '<div class="nav">',
    '<li hidden>',
    '<a href="/">',
    '</a>',
    'word ',
    PROSE,
    '&amp;',
    '<!--',
    '-->',
    '<',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const html = pieces.join('');
      const all = parseHtml(html);
      removeNoise(all);
      const text = toText(all.children);
      const main = read(html);
      assert.equal(main === '', text === '');
      assert.ok(main.length <= text.length + 20);
    }),
    { numRuns: 300 },
  );
});

test('depth and size are bounded only by the parser', () => {
  assert.equal(read(`${'<div class="post">'.repeat(20_000)}deep${'</div>'.repeat(20_000)}`), 'deep');
  const long = read(`<main>${`<div class="post"><p>${PROSE}</p></div>`.repeat(30_000)}</main>`);
  assert.ok(long.length > 29_000 * PROSE.length);
});

test('a line break in emphasis that the sentence goes on after stays', () => {
  for (const line of [
    'Open on <b>Monday<br>and Friday</b> only.',
    'Open <b>on Monday morning<br>too</b> only.',
    'See <b><a href="/a">Monday<br>and all of Friday</a> and</b> on.',
  ]) {
    const text = read(`<main><h1>River</h1><p>${PROSE}</p><p>${line}</p><p>${PROSE}</p></main>`);
    assert.match(text, /(?:Monday|morning)\n(?:and|too)/, line);
  }
});

test('code keeps its indentation, and loses the numbers beside its lines', () => {
  const lines = '<div class="cm-gutterElement">123456</div>'.repeat(20);
  const editor = `<div class="cm-gutters" aria-hidden="true">${lines}</div>`;
  const code = [
    '<span style="display:block"><span>spec:</span></span>',
    '<span style="display:block"><span>  </span><span>ports:</span></span>',
    '<span style="display:block"><span>    </span>- <span>80</span></span>',
  ].join('');
  const text = read(
    `<main><h1>River</h1><p>${PROSE}</p><pre><code>${code}</code></pre>${editor}<p>${PROSE}</p></main>`,
  );
  assert.match(text, /\nspec:\n {2}ports:\n {4}- 80\n/);
  assert.doesNotMatch(text, /123456/);
});
