import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RE2JS } from 're2js';
import { checkExpressions, compileExpressions, InvalidExpressionError } from '../../src/crawl/expressions.ts';
import { createScope } from '../../src/crawl/scope.ts';

const PATHS = `/ /blog /blog/ /blog/post /blogging /news/a /en/blog/post /docs /docs/ /docs/x /tag-red /tag
  /a.pdf /a.pdf.html /apdf /index.htm /2024/05/ /2024 /product /products/7 /p-12 /x_y`.split(/\s+/);

const EXPRESSIONS = String.raw`blog /blog ^/blog$ ^/blog/.+$ /docs/[^/]+/?$ /\d{4}/ /\d{4}/\d{2} [a-z]+-\d+
  \.pdf$ .*\.pdf /index.html?$ (blog|news)/.* ^/(?:en/)?blog ^/blog$|^/news /blog/* ^ $ /x\_y \/docs\/
  \bpost\b (ab?){0,2}$`.split(/\s+/);

test('an expression matches the paths that it matches in JavaScript', () => {
  for (const expression of EXPRESSIONS) {
    const accepts = compileExpressions({ include: [expression], exclude: [], whole_url: false });
    const regular = new RegExp(expression);
    for (const path of PATHS) {
      const url = new URL(`${path}?page=2`, 'https://a.test');
      assert.equal(accepts(url), regular.test(path), `${expression} and ${path}`);
    }
  }
});

test('a crawl has what one expression includes and none excludes', () => {
  const expressions = { include: ['^/blog/', '/docs'], exclude: ['draft', String.raw`/\d+$`] };
  const scopeBy = (whole_url: boolean) =>
    createScope({ seed: 'https://a.test/', url_expressions: { ...expressions, whole_url } });
  const urls = ['/', '/blog/a', '/docs', '/docs/7', '/blog/a-draft', '/docs?draft', '/about'];
  const accepted = (whole: boolean) =>
    urls.filter((path) => scopeBy(whole).inScope(`https://a.test${path}`, 1));
  assert.deepEqual(accepted(false), ['/', '/blog/a', '/docs', '/docs?draft']);
  assert.deepEqual(accepted(true), ['/', '/docs']);
});

test('what no linear engine can match is refused, and so is what makes too large a program', () => {
  const tooMuch = [
    '(a{1,1000}){1,1000}',
    'a{1000}'.repeat(6),
    `(?:${'a?'.repeat(95)}){1000}`,
    'a{9999999999}',
  ];
  const nested = '((a{10}){10}){10}((b{10}){10}){10}';
  const none = [
    '(?!a)',
    '(?=a)',
    String.raw`(a)\1`,
    '(a',
    'a)',
    '*',
    'a**',
    '[z-a]',
    'a\\',
    '(?<a>a)',
    '\\Qa',
  ];
  for (const expression of [...tooMuch, nested, ...none])
    assert.throws(
      () => checkExpressions(['ok', expression]),
      (error) => error instanceof InvalidExpressionError && error.index === 1,
      expression,
    );
  assert.throws(() => checkExpressions(Array(100).fill('a'.repeat(100))), { index: 50 });
});

test('the limit counts at least the instructions that an expression compiles to', () => {
  const parts = ['a', 'a?', '[ab]*', '(a|b)', String.raw`\pL{3}`, '(?:xy{2,5}?z){4}', String.raw`\x{41}{7}`];
  const texts = parts.flatMap((one) => parts.map((other) => `(${one}${other}|)+`));
  for (const text of texts) assert.ok(RE2JS.compile(muchOf(text)).programSize() <= 10_000 + 3, text);
});

/** The expression as often as it is accepted, or nearly. */
function muchOf(text: string): string {
  for (let times = 1000; times > 0; times = Math.floor(times * 0.9)) {
    try {
      checkExpressions([`(?:${text}){${times}}`]);
      return `(?:${text}){${times}}`;
    } catch (error) {
      assert.ok(error instanceof InvalidExpressionError, text);
    }
  }
  return assert.fail(`${text} is refused`);
}
