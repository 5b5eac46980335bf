import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isElement, parseHtml, visibleText } from '../../../src/scrape/dom/index.ts';

const textOf = (html: string): string => parseHtml(html).children.map(visibleText).join('');

/** The names of the outermost elements, those of others in brackets. */
function shape(html: string): string {
  const names = (nodes: ReturnType<typeof parseHtml>['children']): string =>
    nodes
      .filter(isElement)
      .map(({ name, children }) => (children.some(isElement) ? `${name}(${names(children)})` : name))
      .join(' ');
  return names(parseHtml(html).children);
}

const TEXTS: [html: string, text: string][] = [
  ['a<!-- x --!>b<!-- y -->c', 'abc'],
  ['a<!----!>b<!---!>c-->d', 'abd'],
  ['a<!--!>b-->c', 'ac'],
  ['a<!-->b<!--->c', 'abc'],
  ['a<!>b<!->c<!x>d', 'abcd'],
  ['a</>b</ c>d</ >e', 'abde'],
  ['<b>a</b/>b', 'ab'],
  ['<style>x</style/>a<script>y</script/>b', 'ab'],
  ['<textarea>x</textarea/ >a<title>y</title/>b', 'ab'],
  ['a<!-- unclosed <p>b', 'a'],
];

for (const [html, text] of TEXTS) test(`${html} reads ${text}`, () => assert.equal(textOf(html), text));

test('an end tag with a slash ends its element', () => {
  assert.equal(shape('<p><b>a</b/>b</p/><i>c</i>'), 'p(b) i');
});

test('SVG and MathML end where they close themselves, or HTML begins in them', () => {
  assert.equal(shape('<svg/><table><tr><td>a<td>b</table><p>c<div/>d<p>e'), 'svg table(tr(td td)) p div(p)');
  assert.equal(shape('<svg><title/></svg><p>a<p>b'), 'svg(title) p p');
  assert.equal(shape('<svg><g><path/><p>a<p>b'), 'svg(g(path)) p p');
  assert.equal(shape('<div><svg><g></div><p>a<p>b'), 'div(svg(g)) p p');
  assert.equal(textOf('<p>a<svg><path d="M0 0"><p>b'), 'ab');
});

test('HTML within SVG stays there, and ends no paragraph around it', () => {
  assert.equal(
    shape('<p><svg><foreignObject><div>a<p>b<p>c</div></foreignObject></svg><i>d</i></p>'),
    'p(svg(foreignobject(div(p p))) i)',
  );
});

test('image is another name of img, and in SVG an element of its own', () => {
  assert.equal(shape('<p><image src="a.png">b<i>c</i></p>'), 'p(img i)');
  assert.equal(shape('<svg><image href="a.png"></image></svg>'), 'svg(image)');
});
