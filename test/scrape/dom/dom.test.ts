import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ChildNode } from 'domhandler';
import { isElement, isText, MAX_DEPTH, parseHtml, textContent } from '../../../src/scrape/dom/index.ts';

/** The tree as nested names, texts in quotes. */
function outline(nodes: ChildNode[]): string {
  return nodes
    .map((node) =>
      isText(node) ? `'${node.data}'` : isElement(node) ? `${node.name}(${outline(node.children)})` : '',
    )
    .join(' ');
}

function depthOf(nodes: ChildNode[]): number {
  let deepest = 0;
  const stack = nodes.map((node) => ({ node, depth: 1 }));
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    if (!isElement(entry.node)) continue;
    deepest = Math.max(deepest, entry.depth);
    for (const node of entry.node.children) stack.push({ node, depth: entry.depth + 1 });
  }
  return deepest;
}

/** What stands at the limit: the children of the deepest element that may have any. */
function atLimit(html: string): string {
  let { children } = parseHtml('<div>'.repeat(MAX_DEPTH) + html);
  for (let i = 0; i < MAX_DEPTH; i++) ({ children } = children.find((node) => isElement(node))!);
  return outline(children);
}

suite('parseHtml', () => {
  test('reads ordinary markup as it stands', () => {
    assert.equal(outline(parseHtml('<p>a <b>b</b><br>c</p>').children), "p('a ' b('b') br() 'c')");
  });

  test('closes what HTML closes by itself', () => {
    assert.equal(
      outline(parseHtml('<ul><li>a<li>b</ul><p>c<p>d').children),
      "ul(li('a') li('b')) p('c') p('d')",
    );
    assert.equal(
      outline(parseHtml('<table><tr><td>a<td>b<tr><td>c</table>').children),
      "table(tr(td('a') td('b')) tr(td('c')))",
    );
  });

  test('decodes entities and lower-cases names', () => {
    assert.equal(outline(parseHtml('<P TITLE="&lt;">&amp;&#8364;</P>').children), "p('&€')");
  });

  test('nests as far as the limit and no further', () => {
    assert.equal(depthOf(parseHtml('<div>'.repeat(MAX_DEPTH)).children), MAX_DEPTH);
    assert.equal(depthOf(parseHtml('<div>'.repeat(20_000)).children), MAX_DEPTH + 1);
  });

  test('beyond the limit, elements become siblings and keep their text in order', () => {
    assert.equal(atLimit('a<i>b<b>c</b>d</i>e'), "'a' i() 'b' b() 'cde'");
    assert.equal(atLimit('<br>a<img src="x">b'), "br() 'a' img() 'b'");
    assert.equal(atLimit('<ul><li>a<li>b</ul>c'), "ul() li() 'a' li() 'b\nc'");
  });

  test('end tags beyond the limit close nothing above it', () => {
    const html = `${'<div>'.repeat(MAX_DEPTH + 100)}a${'</div>'.repeat(100)}b${'</div>'.repeat(MAX_DEPTH)}c`;
    const { children } = parseHtml(html);
    assert.match(textContent(children[0]!), /^a\n+b$/);
    assert.equal(outline(children.slice(1)), "'c'");
  });

  test('an end tag that belongs above the limit closes all that is below', () => {
    const html = `<section>${'<div>'.repeat(MAX_DEPTH + 100)}a</section><p>b</p>`;
    assert.equal(outline(parseHtml(html).children.slice(1)), "p('b')");
  });

  test('scripts and templates beyond the limit show nothing of their content', () => {
    const hidden =
      '<script>a</script><style>b</style><template><p>c</p></template><noscript>d</noscript><svg><text>e</text></svg>';
    assert.doesNotMatch(atLimit(`${hidden}x`), /'[a-e]'/);
    assert.match(atLimit(`${hidden}x`), /'x'$/);
  });

  test('elements that close themselves in foreign content do so beyond the limit too', () => {
    assert.equal(atLimit('<math><mi/>a</math>b'), "math() mi() 'ab'");
  });

  for (const html of [
    '<',
    '</',
    '<a',
    '<a b="',
    '<!--',
    '<![CDATA[',
    '&#x',
    '</p></p>',
    '<p/></br>',
    '<a b=1 b=2 __proto__=3>',
    '\u0000',
  ]) {
    test(`takes ${JSON.stringify(html)} without complaint`, () =>
      assert.ok(parseHtml(html).children.length >= 0));
  }
});
