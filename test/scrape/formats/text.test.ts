import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { toText } from '../../../src/scrape/formats/text.ts';
import { hostileHtml } from '../hostile-html.ts';
import { normalizedText } from '../rendering.ts';

function text(html: string): string {
  return toText(parseHtml(html).children);
}

const CASES: [name: string, html: string, expected: string][] = [
  ['paragraphs are set apart', '<h1>A</h1><p>b <b>c</b></p><p>d</p>', 'A\n\nb c\n\nd'],
  ['blocks never run together', '<div>a</div><div>b</div>c<section>d</section>', 'a\nb\nc\n\nd'],
  ['inline elements do', '<span>a</span><b>b</b> <i>c</i>', 'ab c'],
  ['white space collapses', '  a \n\t b&nbsp;&nbsp;c  ', 'a b c'],
  ['line breaks break lines', 'a<br>b<br><br>c', 'a\nb\nc'],
  [
    'lists keep bullets and numbers',
    '<ul><li>a</li><li>b</li></ul><ol start="4"><li>c</li><li>d</li></ol>',
    '- a\n- b\n\n4. c\n5. d',
  ],
  ['nested lists are indented', '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>', '- a\n  - b\n- c'],
  [
    'items with paragraphs keep the bullet on the line',
    '<ul><li><p>a</p></li><li><p>b</p></li></ul>',
    '- a\n- b',
  ],
  ['empty items vanish', '<ul><li></li><li>a</li></ul>', '- a'],
  [
    'table rows are lines',
    '<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p><p>3</p></td></tr></table>',
    'a\tb\n1\t2 3',
  ],
  ['layout tables are blocks', '<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>', 'a\n\nb'],
  ['preformatted text stays', '<pre>a\n  b\n\nc</pre>d', 'a\n  b\n\nc\n\nd'],
  [
    'code tables lose their line numbers',
    '<table><tr><td class="gutter"><pre>1\n2</pre></td><td><pre>a\nb</pre></td></tr></table>',
    'a\nb',
  ],
  ['definition lists', '<dl><dt>a</dt><dd>b</dd></dl>', 'a\nb'],
  ['formulas are their TeX', '<math alttext="x^2"><mi>x</mi></math>', 'x^2'],
  ['ruby', '<ruby>漢<rt>kan</rt></ruby>', '漢(kan)'],
  [
    'no scripts, styles, templates or forms',
    'a<script>b</script><style>c</style><template>d</template><noscript>e</noscript><select><option>f</select>g',
    'ag',
  ],
  ['markup in the text is text', '&lt;b&gt; *a* &amp;amp;', '<b> *a* &amp;'],
  ['nothing', '', ''],
];

/** The text without white space and what list markers are made of. */
function withoutMarkers(words: string): string {
  return words.replace(/[\s\d.-]/g, '');
}

suite('toText', () => {
  for (const [name, html, expected] of CASES) test(name, () => assert.equal(text(html), expected));

  test('says what the page says', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: false }), (html) => {
        assert.equal(withoutMarkers(text(html)), withoutMarkers(normalizedText(html)));
      }),
      { numRuns: 1000 },
    );
  });

  test('survives any depth', () => {
    for (const tag of [
      'div',
      'ul><li',
      'table><tr><td',
      'table><tr><th>x</th><td',
      'blockquote',
      'b',
      'pre',
    ]) {
      assert.equal(text(`<${tag}>w`.repeat(5000)).match(/w/g)?.length, 5000, tag);
    }
  });
});
