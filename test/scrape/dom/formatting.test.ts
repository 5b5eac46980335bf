import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ChildNode } from 'domhandler';
import { isElement, isText, parseHtml } from '../../../src/scrape/dom/index.ts';
import { toMarkdown } from '../../../src/scrape/markdown/index.ts';
import { toText } from '../../../src/scrape/formats/text.ts';

/** The tree as nested names, and texts. */
function outline(nodes: ChildNode[]): string {
  return nodes
    .map((node) =>
      isText(node) ? node.data : isElement(node) ? `${node.name}(${outline(node.children)})` : '',
    )
    .join(' ');
}

const tree = (html: string): string => outline(parseHtml(html).children);
const markdown = (html: string): string => toMarkdown(parseHtml(html).children, 'https://example.com/');

function countNodes(nodes: ChildNode[]): { nodes: number; depth: number } {
  let [count, depth] = [0, 0];
  const stack = nodes.map((node) => ({ node, at: 1 }));
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    count++;
    depth = Math.max(depth, entry.at);
    if (isElement(entry.node)) for (const node of entry.node.children) stack.push({ node, at: entry.at + 1 });
  }
  return { nodes: count, depth };
}

suite('misnested tags, as browsers read them', () => {
  test('formatting goes on until its own end tag', () => {
    assert.equal(tree('<b>1<i>2</b>3</i>4'), 'b(1 i(2)) i(3) 4');
    assert.equal(tree('<p><i>1</p><p>2</i>3</p>'), 'p(i(1)) p(i(2) 3)');
    assert.equal(tree('<i>1<em>2</i><u>3'), 'i(1 em(2)) em(u(3))');
    assert.equal(markdown('<p><b>bold <i>both</b> italic</i> plain'), '**bold *both*** *italic* plain');
  });

  test('a block within formatting goes on after the end tag', () => {
    assert.equal(tree('<b>1<p>2</b>3</p>4'), 'b(1) p(b(2) 3) 4');
    assert.equal(tree('<b>1<div>2<div>3</b>4</div>5</div>6'), 'b(1) div(b(2) div(b(3) 4) 5) 6');
    assert.equal(tree('<b>1<i>2<p>3</b>4</i>5'), 'b(1 i(2)) i() p(i(b(3) 4) 5)');
    assert.equal(tree('<b><span><div>1</b>2'), 'b(span()) div(b(1) 2)');
  });

  test('a link ends where the next one begins', () => {
    assert.equal(tree('<a>1<a>2</a>3'), 'a(1) a(2) 3');
    assert.equal(tree('<a><div>1<a>2</a>3</div>4'), 'a() div(a(1) a(2) 3) 4');
    assert.equal(
      markdown('<p><a href="/x">first <a href="/y">second</a> plain</p>'),
      '[first](https://example.com/x) [second](https://example.com/y) plain',
    );
  });

  test('formatting leaves no cell, and enters none from another', () => {
    assert.equal(tree('<table><tr><td><b>1<td>2</table>3'), 'table(tr(td(b(1)) td(2))) 3');
    assert.equal(tree('<b>1<table><tr><td></b>2</table>3</b>4'), 'b(1 table(tr(td(2))) 3) 4');
  });

  test('an end tag reaches out of no cell, and out of no block around words', () => {
    assert.equal(tree('<div><table><tr><td>1</div>2</table>3</div>4'), 'div(table(tr(td(12))) 3) 4');
    assert.equal(tree('<span>1<div>2</span>3</div>4'), 'span(1 div(23) 4)');
    assert.equal(tree('<ul><li>1<ul></li><li>2</ul></ul>3'), 'ul(li(1 ul(li(2)))) 3');
  });

  test('a paragraph ends before a block, whatever is open in it', () => {
    assert.equal(tree('<p><i>1<div>2</div>3'), 'p(i(1)) div(i(2)) i(3)');
    assert.equal(tree('<p><button><p>1</p></button>2'), 'p(button(p(1)) 2)');
  });

  test('XHTML is read as it stands', () => {
    assert.equal(outline(parseHtml('<b>1<i>2</i></b><p>3</p>', 'xhtml').children), 'b(1 i(2)) p(3)');
  });

  for (const [name, html] of [
    ['formatting that never ends', '<b>x<p>y'.repeat(20_000)],
    ['formatting of many kinds', Array.from({ length: 20_000 }, (_, i) => `<p><i a=${i}>x`).join('')],
    ['blocks that are moved', '<b>'.repeat(500) + '<div>x</b>'.repeat(20_000)],
    ['links in blocks in links', '<a href=x><div>y'.repeat(20_000)],
  ] as const)
    test(`${name} make no tree that is much larger or deeper`, () => {
      const { children } = parseHtml(html);
      const { nodes, depth } = countNodes(children);
      assert.ok(nodes <= 220_000, `${nodes} nodes`);
      assert.ok(depth <= 1000, `${depth} deep`);
      assert.ok(toText(children).length > 0);
      assert.ok(markdown(html).length > 0);
    });
});
