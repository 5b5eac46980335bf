import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFeed } from '../../src/scrape/documents/feed.ts';
import { urlsIn } from '../../src/scrape/documents/text.ts';
import { parseHtml } from '../../src/scrape/dom/index.ts';
import { toText } from '../../src/scrape/formats/text.ts';
import { toMarkdown } from '../../src/scrape/markdown/index.ts';

const markdown = (html: string): string => toMarkdown(parseHtml(html).children, 'https://example.com/');
const text = (html: string): string => toText(parseHtml(html).children);

test('an address in text ends before quotation marks and stops of any script', () => {
  const plain =
    '“https://e.org/a” https://e.org/b… 「https://e.org/c」 https://e.org/d。それ https://e.org/e_(f)';
  assert.deepEqual(
    urlsIn(plain),
    ['a', 'b', 'c', 'd', 'e_(f)'].map((path) => `https://e.org/${path}`),
  );
});

test('a feed names its recordings, and resolves links of text against xml:base', () => {
  const item = '<item xml:base="y/"><title>Fog</title><link>z.html</link><enclosure url="a.mp3"/>';
  const media =
    '<media:content url="a.mp3"/><media:group><media:content url="b.mp4" type="video/mp4"/></media:group>' +
    '<media:content url="c.png" medium="image"/></item>';
  const feed = readFeed(
    `<rss xml:base="https://e.org/x/"><channel>${item}${media}</channel></rss>`,
    'https://f.org/',
  );
  assert.deepEqual(
    feed!.links,
    ['z.html', 'a.mp3', 'b.mp4'].map((path) => `https://e.org/x/y/${path}`),
  );
});

test("a heading's end tag closes the heading that is open", () => {
  assert.equal(markdown('<h4>Ropes</h2><p>Tar.</p>'), '#### Ropes\n\nTar.');
  assert.equal(text('<table><tr><td><h2>Ropes<table><tr><td>a</h3>b</table></table>'), 'Ropes\n\nab');
});

test('CDATA outside of SVG and MathML is a comment up to the next sign', () => {
  assert.equal(text('<p>Tide</p><![CDATA[ <div> <p>Fog</p>'), 'Tide\n\nFog');
});

test('a script that writes a script ends where browsers end it', () => {
  assert.equal(
    text('<p>Tide<script><!-- w("<script>a()</script>"); b() --></script> table</p>'),
    'Tide table',
  );
  assert.equal(text('<script>a("<script>")</script>Fog'), 'Fog');
});

test('an image of an emoji is the emoji, and no other image is text', () => {
  assert.equal(markdown('<h2>Low <img class="emoji" src="/e.svg" alt="🌊"> tide</h2>'), '## Low 🌊 tide');
  assert.equal(text('<p>Thanks <img class="wp-smiley" src="/s.gif" alt=":-)"></p>'), 'Thanks :-)');
  assert.equal(text('<p>Map <img src="/map.png" alt="of the bay"></p>'), 'Map');
});

test('TeX between its delimiters is not escaped, and prices are', () => {
  assert.equal(markdown('<p>$\\text{for \\$5}_*$</p>'), '$\\text{for \\$5}_*$');
  assert.equal(markdown('<p>$\\aa\\$a</p>'), '$\\aa\\\\$a');
  assert.equal(markdown('<p>\\(a_{i}*b\\) and \\[\\frac{a}{b}\\]</p>'), '$a_{i}*b$ and\n\n$$\\frac{a}{b}$$');
  assert.equal(markdown('<p>$5 or *$6*</p>'), '$5 or \\*$6\\*');
  assert.equal(markdown('<p>\\(x\\) and \\(E=mc^2\\)</p>'), '$x$ and $E=mc^2$');
  assert.equal(markdown('<p>\\(foo\\) and \\(.*\\)</p>'), '\\\\(foo\\\\) and \\\\(.\\*\\\\)');
  const lines = '\\begin{align*}a_1*b&=c*d\\end{align*}';
  assert.equal(markdown(`<p>${lines.replace('&', '&amp;')}</p>`), `$$${lines}$$`);
});

test('MathML without a TeX source is written as TeX', () => {
  const math = '<math><msqrt><mi>x</mi></msqrt><mo>≤</mo><msup><mi>y</mi><mn>10</mn></msup></math>';
  assert.equal(markdown(`<p>${math}</p>`), '$\\sqrt{x}≤y^{10}$');
});

test('a class of line numbers drops numbers, not code', () => {
  assert.equal(markdown('<pre><code class="linenos">boat()</code></pre>'), '```\nboat()\n```');
  assert.equal(markdown('<pre><span class="linenos">7</span>boat()</pre>'), '```\nboat()\n```');
});

test('code keeps its blank first line, and has plain spaces', () => {
  assert.equal(markdown('<pre><code>\n\n\u00A0boat()</code></pre>'), '```\n\n\n boat()\n```');
  assert.equal(markdown('<pre>\nboat()</pre>'), '```\nboat()\n```');
});

test('what is displayed as a block stands on lines of its own', () => {
  assert.equal(
    text('<b style="color:red; display: flex">Port</b><i style="DISPLAY:block">Bay</i>'),
    'Port\nBay',
  );
});

test('the text of a table keeps the places of empty cells', () => {
  const table = '<table><tr><th>a<th>b<th>c<tr><td><td><td>3<tr><td>4<td><td>6</table>';
  assert.equal(text(table), 'a\tb\tc\n\t\t3\n4\t\t6');
});

test('the text of a list has its own numbers', () => {
  assert.equal(text('<ol reversed start="9"><li>a<li value="4">b<li>c</ol>'), '9. a\n4. b\n3. c');
});

test('soft hyphens are not part of words', () => {
  assert.equal(markdown('<p>Hafen&shy;meis\u200Bter</p>'), 'Hafenmeister');
});

test("a feed's addresses resolve against its bases, and its text is text", () => {
  const entry =
    '<entry xml:base="b/"><title>1 &lt; 2</title><link href="c"/><link rel="enclosure" href="d.ogg"/><content type="html">&lt;a href="e"&gt;e&lt;/a&gt;</content></entry>';
  const feed = readFeed(`<feed xml:base="/a/">${entry}</feed>`, 'https://example.com/');
  const base = 'https://example.com/a/b/';
  assert.deepEqual(feed?.links, [`${base}c`, `${base}e`, `${base}d.ogg`]);
  assert.match(feed.text(), /^1 < 2/);
});

test('a start tag ends what it ends in browsers, whatever is open in it', () => {
  const table = '<table><thead><tr><th>A<th>B<tbody><tr><td><font>1<td><p>2<tr><td>3<th>4</table>';
  assert.equal(markdown(table), '| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |');
  assert.equal(text('<ul><li><b>a<li><p>b<li><i>c<li>d</ul>'), '- a\n- b\n- c\n- d');
  assert.equal(markdown('<ul><li>a<ul><li>b<li>c</ul><li>d</ul>'), '- a\n  - b\n  - c\n- d');
  assert.equal(text('<dl><dt><a>Tide<dd><span>Water<dt>Pier<dd>Wall</dl>'), 'Tide\nWater\nPier\nWall');
  assert.equal(markdown('<h2>One<p>more</p><h3>Two</h3><p>Three</p>'), '## One more\n\n### Two\n\nThree');
  const nested = '<table><tr><td><table><tr><td>x<tr><td>y</table>z<td>w<tr><td>u<td>v</table>';
  assert.deepEqual(text(nested).split(/\s+/), ['x', 'y', 'z', 'w', 'u', 'v']);
  assert.equal(text('<svg><foreignObject><li>a<svg><td></td></svg></foreignObject></svg>b'), 'b');
});

test('cells without a row are one, and the foot of a table stands last', () => {
  assert.equal(markdown('<table><td>a<td>b<tr><td>c<td>d</table>'), '| a | b |\n| --- | --- |\n| c | d |');
  const foot = '<table><tfoot><tr><td>Sum<td>3</tfoot><thead><tr><th>A<th>B</thead><tr><td>x<td>3</table>';
  assert.equal(markdown(foot), '| A | B |\n| --- | --- |\n| x | 3 |\n| Sum | 3 |');
  assert.equal(text(foot), 'A\tB\nx\t3\nSum\t3');
});

test('cells by style and custom elements side by side are words of their own', () => {
  const cell = 'style="display:table-cell"';
  assert.equal(text(`<div><span ${cell}>Port</span><span ${cell}>Bay</span></div>`), 'Port\nBay');
  assert.equal(text('<my-tab>Port</my-tab><my-tab>Bay</my-tab>'), 'Port Bay');
  assert.equal(markdown('<my-tab>Port</my-tab><my-tab>Bay</my-tab>'), 'Port Bay');
  assert.equal(text('(<my-tab>Port</my-tab>)'), '(Port)');
});

test('code has no characters that show nothing, keeps its link, and may be called xmp', () => {
  assert.equal(markdown('<p><code>get&shy;Tide</code></p>'), '`getTide`');
  assert.equal(markdown('<pre>get\u200BTide</pre>'), '```\ngetTide\n```');
  assert.equal(markdown('<img src="/a.png" alt="Ha&shy;fen">'), '![Hafen](https://example.com/a.png)');
  assert.equal(markdown('<p><code><a href="/t">Tide</a></code></p>'), '[`Tide`](https://example.com/t)');
  assert.equal(markdown('<xmp>\n<b>raw</b></xmp>'), '```\n<b>raw</b>\n```');
});
