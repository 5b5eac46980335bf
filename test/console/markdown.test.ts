import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, safeHref } from '../../src/http/html/html.ts';
import { MAX_MARKDOWN_LENGTH, renderMarkdown } from '../../src/console/view/markdown/index.ts';
import { render as renderText } from '../../src/console/view/markdown/render.ts';

/** Without the white space between tags, in which no test is interested. */
const render = (markdown: string) => renderText(markdown).replace(/\s*\n\s*(?=<)|(?<=>)\s*\n\s*/g, '');

test('a template escapes what it is given, in text and in attributes, and joins lists', () => {
  const hostile = `<script>alert("1")</script>'&`;
  const escaped = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';
  assert.equal(html`<p title="${hostile}">${hostile}</p>`.text, `<p title="${escaped}">${escaped}</p>`);
  assert.equal(html`${[html`<b>1</b>`, '<', null, undefined, false, 0]}`.text, '<b>1</b>&lt;0');
});

test('only web and mail addresses become links', () => {
  assert.equal(safeHref('https://example.com/a b'), 'https://example.com/a%20b');
  assert.equal(safeHref('mailto:a@example.com'), 'mailto:a@example.com');
  for (const url of [
    'javascript:alert(1)',
    ' JaVaScRiPt:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    '/path',
    '',
  ])
    assert.equal(safeHref(url), null, url);
});

test('blocks: headings, paragraphs, lists, quotes, code, rules', () => {
  assert.equal(
    render('# One #\n\n## Two *too*\nText\nmore'),
    '<h3>One</h3><h4>Two <em>too</em></h4><p>Text\nmore</p>',
  );
  assert.equal(
    render('- a\n- b\n  - c\n\n1. d'),
    '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol><li>d</li></ol>',
  );
  assert.equal(render('> a\n> > b'), '<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>');
  assert.equal(
    render('```js\n<b> & *x*\n```\n---'),
    '<pre tabindex="0"><code>&lt;b&gt; &amp; *x*</code></pre><hr>',
  );
});

const link = (href: string, text: string) =>
  `<a href="${href}" rel="noopener noreferrer nofollow" target="_blank">${text}</a>`;

test('inline: emphasis, code, links, images as links, escapes', () => {
  assert.equal(
    render('**a** *b* `<c>` ~~d~~ \\*e\\*'),
    '<p><strong>a</strong> <em>b</em> <code>&lt;c&gt;</code> <s>d</s> *e*</p>',
  );
  assert.equal(render('snake_case_name 2 * 3 * 4'), '<p>snake_case_name 2 * 3 * 4</p>');
  assert.equal(render('[a *b*](https://x.test/y "t")'), `<p>${link('https://x.test/y', 'a <em>b</em>')}</p>`);
  assert.equal(
    render('![alt](https://x.test/i.png)'),
    `<p><span class="image">image: ${link('https://x.test/i.png', 'alt')}</span></p>`,
  );
  assert.equal(render('<https://x.test/>'), `<p>${link('https://x.test/', 'https://x.test/')}</p>`);
});

test('tables, with escaped pipes', () => {
  const table = render('| a | b |\n| --- | :-: |\n| 1 \\| 2 | <i> |');
  assert.match(table, /<th scope="col">a<\/th><th scope="col">b<\/th>/);
  assert.match(table, /<td>1 \| 2<\/td><td>&lt;i&gt;<\/td>/);
});

test('nothing that a page says becomes markup of its own', () => {
  const hostile = [
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '![x](data:text/html;base64,PHNjcmlwdD4=)',
    '[x](https://a.test/"onmouseover="alert(1))',
    '`<script>`',
    '# <script>alert(1)</script>',
    '| <b> |\n| - |\n| <svg onload=alert(1)> |',
    '<javascript:alert(1)>',
  ];
  const allowed =
    /^<\/?(p|h3|h4|h5|h6|ul|ol|li|a|em|strong|code|pre|s|br|hr|blockquote|span|div|table|thead|tbody|tr|th|td)( |>|\/)/;
  for (const markdown of hostile) {
    const text = renderText(markdown);
    for (const tag of text.match(/<[^>]*>/g) ?? []) {
      assert.match(tag, allowed, markdown);
      assert.doesNotMatch(tag, /\son\w+=|javascript:|data:/, markdown);
    }
  }
});

test('the render thread gives up a text that takes too long, and renders the next one', async () => {
  assert.equal((await renderMarkdown('*a*', 60_000))?.text, '<p><em>a</em></p>\n');
  // Quadratic in every renderer that keeps to CommonMark: each opener looks for its closer.
  const slow = '[a](<b'.repeat(MAX_MARKDOWN_LENGTH / 6);
  const [late, waiting] = await Promise.all([renderMarkdown(slow, 1), renderMarkdown('**b**', 60_000)]);
  assert.ok(late === null);
  assert.equal(waiting?.text, '<p><strong>b</strong></p>\n');
});

test('Markdown that is too long, or makes too much HTML, is not rendered', async () => {
  assert.ok((await renderMarkdown('a'.repeat(MAX_MARKDOWN_LENGTH + 1))) === null);
  const links = '[](http://a)';
  const many = await renderMarkdown(links.repeat(MAX_MARKDOWN_LENGTH / links.length), 60_000);
  assert.ok(many === null, `${many?.text.length} characters of HTML`);
});

test('a text that exhausts the memory of the render thread is not rendered', async () => {
  const cells = `|${'a|'.repeat(60_000)}`;
  await renderMarkdown(`${cells}\n${cells.replaceAll('a', '-')}`, 60_000);
  assert.equal((await renderMarkdown('c', 60_000))?.text, '<p>c</p>\n');
});
