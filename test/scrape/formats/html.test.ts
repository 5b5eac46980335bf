import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { eachElement, parseHtml } from '../../../src/scrape/dom/index.ts';
import { toHtml } from '../../../src/scrape/formats/html.ts';
import { hostileHtml } from '../hostile-html.ts';
import { normalizedText } from '../rendering.ts';

const BASE = 'https://example.com/docs/';

function clean(html: string): string {
  return toHtml(parseHtml(html).children, BASE);
}

const CASES: [name: string, html: string, expected: string][] = [
  [
    'content stays as it is',
    '<h1 id="a">A</h1><p class="b">c <em>d</em></p>',
    '<h1 id="a">A</h1><p class="b">c <em>d</em></p>',
  ],
  ['text is escaped', '<p>a &lt;b&gt; &amp; c</p>', '<p>a &lt;b&gt; &amp; c</p>'],
  ['attributes are escaped', '<p title="a&quot;b<c>&amp;">d</p>', '<p title="a&quot;b&lt;c&gt;&amp;">d</p>'],
  ['links become absolute', '<a href="../b?c#d">e</a>', '<a href="https://example.com/b?c#d">e</a>'],
  [
    'unsafe links lose their target',
    '<a href="javascript:x">a</a><a href="data:,x">b</a>',
    '<a>a</a><a>b</a>',
  ],
  [
    'scripts, styles and comments go',
    'a<script>b</script><style>c</style><!--d--><template>e</template><noscript>f</noscript>g',
    'ag',
  ],
  ['handlers and inline style go', '<p onclick="a" style="b" data-c="d">e</p>', '<p>e</p>'],
  [
    'unknown elements leave their content',
    '<my-box><font color="red">a</font></my-box><form><label>b</label></form>',
    'ab',
  ],
  ['document wrappers go', '<html><head><title>a</title></head><body><p>b</p></body></html>', '<p>b</p>'],
  [
    'images become absolute',
    '<img src="a.png" alt="b">',
    '<img src="https://example.com/docs/a.png" alt="b">',
  ],
  [
    'srcset becomes absolute',
    '<img src="a.png" srcset="a.png 1x, /b.png 2x">',
    '<img src="https://example.com/docs/a.png" srcset="https://example.com/docs/a.png 1x, https://example.com/b.png 2x">',
  ],
  [
    'lazy images are resolved',
    '<img src="data:image/gif;base64,R0" data-src="a.png">',
    '<img src="https://example.com/docs/a.png">',
  ],
  [
    'pixels and images without source go',
    '<img src="/a.gif" width="1" height="1"><img src="data:,x"><img>b',
    'b',
  ],
  [
    'media',
    '<video src="a.mp4" poster="b.jpg" autoplay>c</video>',
    '<video src="https://example.com/docs/a.mp4" poster="https://example.com/docs/b.jpg">c</video>',
  ],
  [
    'frames keep only an http(s) address',
    '<iframe src="/a" srcdoc="b" sandbox>c</iframe><iframe src="javascript:x"></iframe>',
    '<iframe src="https://example.com/a"></iframe>',
  ],
  [
    'task boxes stay, other controls go',
    '<input type="checkbox" checked><input value="a"><button>b</button>',
    '<input type="checkbox" checked>b',
  ],
  [
    'tables keep their spans',
    '<table><tr><td colspan="2" width="3">a</td></tr></table>',
    '<table><tr><td colspan="2">a</td></tr></table>',
  ],
  [
    'language of code stays',
    '<pre data-lang="js"><code class="language-js">a</code></pre>',
    '<pre data-lang="js"><code class="language-js">a</code></pre>',
  ],
  ['math stays', '<math display="block"><mi>x</mi></math>', '<math display="block"><mi>x</mi></math>'],
  ['svg goes', '<svg onload="a"><script>b</script></svg>c', 'c'],
];

/** What has run code in a browser somewhere, in pieces to be put together. */
const ATTACKS =
  '<script>│</script>│<img src=x onerror=a>│<img src="x" onerror="a"│<svg onload=a>│<a href="javascript:a">│<a href=" java\nscript:a">│<math><mtext>│<table>│<mglyph>│' +
  '<style>│<!--│-->│<![CDATA[│]]>│<title>│</title>│<textarea>│<noscript>│<p title="</noscript><img src=x onerror=a>">│<iframe srcdoc="<script>a</script>">│<xmp>│' +
  '<plaintext>│<form action=javascript:a>│<button formaction=javascript:a>│<object data=javascript:a>│<embed src=javascript:a>│<base href=//evil>│"│\'│>│<│=│`│' +
  '<meta http-equiv=refresh content="0;url=javascript:a">│<link rel=import href=x>│<a b"c=d>│<x onfocus=a autofocus tabindex=1>│<video><source onerror=a>│' +
  '<svg><animate attributeName=href values=javascript:a>│<p style="background:url(javascript:a)">│<a<b>│<img/src=x/onerror=a>│text';

suite('toHtml', () => {
  for (const [name, html, expected] of CASES) test(name, () => assert.equal(clean(html), expected));

  test('leaves nothing that runs code, whatever the page is made of', () => {
    const elements =
      /^(?:script|style|object|embed|base|meta|link|form|svg|template|noscript|xmp|plaintext|title|textarea)$/;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ATTACKS.split('│')), { maxLength: 12 }), (pieces) => {
        eachElement(parseHtml(clean(pieces.join(''))).children, ({ name, attribs }) => {
          assert.doesNotMatch(name, elements);
          for (const [attribute, value] of Object.entries(attribs)) {
            assert.doesNotMatch(attribute, /^on|^style$|^srcdoc$|action|[^a-z-]/);
            if (/^(?:href|src|poster|cite)$/.test(attribute)) assert.match(value, /^(?:https?|mailto|tel):/);
          }
        });
      }),
      { numRuns: 3000 },
    );
  });

  test('keeps the text', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: false }), (html) =>
        assert.equal(normalizedText(clean(html)), normalizedText(html)),
      ),
      { numRuns: 1000 },
    );
  });

  test('changes nothing when done again', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: false }), (html) => assert.equal(clean(clean(html)), clean(html))),
      { numRuns: 1000 },
    );
  });

  test('survives any depth', () => assert.equal(clean('<div>w'.repeat(20_000)).match(/w/g)?.length, 20_000));
});
