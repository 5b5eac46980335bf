import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extract } from '../../../src/scrape/extract.ts';

const sentence = (format: string) => format.split('\n').find((found) => found.startsWith('See'));

/** The formats of a page that has a formula in a sentence. */
async function read(formula: string, contentType = 'text/html; charset=utf-8') {
  const words = 'The wind blows from the north all day, so the boats stay in the harbour.';
  const html = `<html><body><main><h1>Tides</h1><p>See ${formula} now.</p><p>${words}</p></main></body></html>`;
  const page = {
    url: 'https://example.com/',
    status: 200,
    contentType,
    robotsTags: [],
    body: Buffer.from(html),
  };
  const {
    markdown,
    text,
    html: clean,
  } = await extract(page, {
    formats: ['markdown', 'text', 'html'],
    only_main_content: true,
    include_selectors: [],
    exclude_selectors: [],
  });
  return { markdown: markdown!, text: sentence(text!), html: clean!, line: sentence(markdown!) };
}

test('the scripts of MathJax are formulas in every format, without what is typeset from them', async () => {
  const typeset = '<span class="MathJax_Preview">x</span><span class="MathJax"><nobr>x12</nobr></span>';
  const inline = await read(`${typeset}<script type="math/tex">x_{1}^2 * y</script>`);
  assert.equal(inline.line, 'See $x_{1}^2 * y$ now.');
  assert.equal(inline.text, 'See x_{1}^2 * y now.');
  assert.match(inline.html, /<math alttext="x_\{1\}\^2 \* y"><mtext>x_\{1\}\^2 \* y<\/mtext><\/math>/);
  const display = await read('<script type="math/tex; mode=display">a<b</script>');
  assert.ok(display.markdown.includes('\n\n$$a< b$$\n\n'));
});

test('MathML that is hidden behind its picture is the formula', async () => {
  const math = '<math alttext="{\\displaystyle E=mc^{2}}"><mi>E</mi></math>';
  const { line } = await read(
    `<span><span class="mwe-math-mathml-inline" style="display: none;">${math}</span>` +
      '<img class="mwe-math-fallback-image-inline" aria-hidden="true" src="/svg/1" alt="{\\displaystyle E=mc^{2}}"></span>',
  );
  assert.equal(line, 'See $E=mc^{2}$ now.');
});

test('a picture of a formula is the TeX that it names; other pictures are none', async () => {
  for (const [image, shown] of [
    ['<img class="latex" src="https://s0.wp.com/latex.php?latex=x" alt="x_{1}^2">', '$x_{1}^2$'],
    ['<img src="https://latex.codecogs.com/svg.image?x_1" alt="x_{1}">', '$x_{1}$'],
    ['<img src="https://www.zhihu.com/equation?tex=x" eeimg="1" alt="x^{2}">', '$x^{2}$'],
    ['<img class="tex" src="/1.png" alt="$\\frac{a}{b}$">', '$\\frac{a}{b}$'],
    [
      '<img class="photo" src="/latex-gloves.png" alt="Gloves">',
      '![Gloves](https://example.com/latex-gloves.png)',
    ],
  ] as const)
    assert.equal((await read(image)).line, `See ${shown} now.`);
});

test('MathML under a prefix is MathML', async () => {
  const prefixed =
    '<m:math xmlns:m="http://www.w3.org/1998/Math/MathML"><m:mfrac><m:mi>a</m:mi><m:mi>b</m:mi></m:mfrac></m:math>';
  for (const type of ['text/html', 'application/xhtml+xml'])
    assert.equal((await read(prefixed, type)).line, 'See $\\frac{a}{b}$ now.');
});

test('the lines of a formula that line breaks tear apart are one', async () => {
  const { markdown } = await read('$$a_{1} * b<br />\n= c * d$$ and<br>then $5<br>more');
  assert.ok(markdown.includes('$$a_{1} * b = c * d$$\n\nand\\\nthen $5\\\nmore'), markdown);
});

test('what KaTeX has typeset is read where nothing else says it', async () => {
  const typeset = '<span class="katex-html" aria-hidden="true"><span>x</span><span>+1</span></span>';
  assert.equal((await read(`<span class="katex">${typeset}</span>`)).text, 'See x+1 now.');
  const mathml = '<span class="katex-mathml"><math><mi>y</mi></math></span>';
  assert.equal((await read(`<span class="katex">${mathml}${typeset}</span>`)).text, 'See y now.');
});
