import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import { toMarkdown } from '../../../src/scrape/markdown/index.ts';
import { splitTex } from '../../../src/scrape/markdown/inline/tex.ts';
import { goldenCases, markdownExamples } from '../golden.ts';
import { hostileHtml } from '../hostile-html.ts';
import { normalizedText, renderMarkdown, structure } from '../rendering.ts';

const BASE = 'https://example.com/docs/';

function markdownOf(html: string, base = BASE): string {
  return toMarkdown(parseHtml(html).children, base);
}

suite('golden cases', () => {
  for (const { name, html, markdown } of goldenCases()) {
    test(name, () => assert.equal(markdownOf(html), markdown));
  }
});

suite('CommonMark and GFM by example: rendered, converted and rendered again', () => {
  for (const { name, markdown } of markdownExamples()) {
    test(name, () => {
      const html = renderMarkdown(markdown);
      const again = renderMarkdown(markdownOf(html));
      assert.equal(normalizedText(again), normalizedText(html));
      assert.deepEqual(structure(again, BASE), structure(html, BASE));
    });
  }
});

suite('random pages with hostile text', () => {
  test('read the same when rendered', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: false }), (html) => {
        // A formula is kept as TeX, which this renderer does not know.
        fc.pre(splitTex(normalizedText(html)).every(({ formula }) => formula === null));
        assert.equal(normalizedText(renderMarkdown(markdownOf(html))), normalizedText(html));
      }),
      { numRuns: 1500 },
    );
  });

  test('have the same structure when rendered, where Markdown has a form for it', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: true }), (html) => {
        assert.deepEqual(structure(renderMarkdown(markdownOf(html)), BASE), structure(html, BASE));
      }),
      { numRuns: 1500 },
    );
  });

  test('keep to one line per table row', () => {
    fc.assert(
      fc.property(hostileHtml({ apart: false }), (cell) => {
        const markdown = markdownOf(
          `<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>${cell}</td></tr></table>`,
        );
        const rows = renderMarkdown(markdown).match(/<tr>/g);
        if (!markdown.startsWith('| a | b |\n')) return;
        assert.equal(markdown.split('\n').length, 3);
        assert.equal(rows?.length, 2);
      }),
      { numRuns: 500 },
    );
  });
});

suite('links', () => {
  test('stay relative where there is no base to resolve against', () => {
    assert.equal(
      markdownOf('<a href="/a">a</a> <a href="https://b.example/">b</a>', ''),
      '[a](/a) [b](https://b.example/)',
    );
  });

  test('run no code, however the scheme is written', () => {
    const schemes = [
      'javascript:',
      ' JavaScript:',
      'java\nscript:',
      '\u0001javascript:',
      'vbscript:',
      'data:text/html,',
      'blob:',
      'file:///',
    ];
    for (const scheme of schemes) assert.equal(markdownOf(`<a href="${scheme}x">a</a>`), 'a', scheme);
    for (const scheme of schemes) assert.equal(markdownOf(`<a href="${scheme}x">a</a>`, ''), 'a', scheme);
  });
});

/**
 * Inputs that are small, and deep or odd. The text in them must come out, whatever becomes of the
 * structure.
 */
const EXTREMES: Record<string, [html: string, words: number]> = {
  'nested divs': ['<div>w '.repeat(20_000), 20_000],
  'nested emphasis': ['<em>w <strong>w '.repeat(10_000), 20_000],
  'nested lists': ['<ul><li>w '.repeat(3000), 3000],
  'nested ordered lists': ['<ol start="123456789"><li>w '.repeat(3000), 3000],
  'nested quotes': ['<blockquote>w '.repeat(3000), 3000],
  'nested definition lists': ['<dl><dt>w<dd>w '.repeat(3000), 6000],
  'nested tables': ['<table><tr><td>w '.repeat(2000), 2000],
  'nested tables with headers': ['<table><tr><th>w</th><td>w '.repeat(2000), 4000],
  'nested links': ['<a href="/x">w '.repeat(5000), 5000],
  'nested code': ['<code>w '.repeat(5000), 5000],
  'nested headings': ['<h2>w '.repeat(5000), 5000],
  'a wide row': [`<table><tr>${'<td>w '.repeat(20_000)}<tr><td>w<td>w</table>`, 20_002],
  'spans beyond all bounds': [
    `<table><tr><th>w${'<tr><td colspan="1000" rowspan="65534">w'.repeat(2000)}</table>`,
    2001,
  ],
};

function wordsIn(text: string): number {
  return text.match(/w/g)?.length ?? 0;
}

suite('extreme pages', () => {
  for (const [name, [html, words]] of Object.entries(EXTREMES)) {
    test(`${name}: no word is lost, and the output stays in proportion`, () => {
      const markdown = markdownOf(html);
      assert.equal(wordsIn(markdown.replaceAll('www', '')), words);
      assert.ok(markdown.length < 200 * html.length, `${markdown.length} characters of ${html.length}`);
    });
  }

  test('a link around many blocks is written once', () => {
    const markdown = markdownOf(`<a href="/${'x'.repeat(500)}">${'<div>w</div>'.repeat(1000)}</a>`);
    assert.equal(wordsIn(markdown), 1000);
    assert.equal(markdown.match(/xxx\)/g)?.length, 1);
  });

  test('nothing overflows the stack of a worker thread', async () => {
    const script = `
      import { workerData, parentPort } from 'node:worker_threads';
      const { parseHtml } = await import(workerData.dom);
      const { toMarkdown } = await import(workerData.markdown);
      parentPort.postMessage(workerData.pages.map((html) => toMarkdown(parseHtml(html).children, 'https://example.com/').length));
    `;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: {
        dom: import.meta.resolve('../../../src/scrape/dom/index.ts'),
        markdown: import.meta.resolve('../../../src/scrape/markdown/index.ts'),
        pages: Object.values(EXTREMES).map(([html]) => html),
      },
      resourceLimits: { stackSizeMb: 2 },
    });
    const lengths = await new Promise<number[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    assert.ok(lengths.every((length) => length > 0));
    await worker.terminate();
  });
});
