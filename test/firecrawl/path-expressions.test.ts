import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePatterns } from '../../src/crawl/patterns.ts';
import { ownPatterns } from '../../src/firecrawl/path-expressions.ts';

const PATHS = `/ /blog /blog/ /blog/post /blogging /news/a /en/blog/post /docs /docs/ /docs/x /tag-red /tag
  /a.pdf /a.pdf.html /apdf /index.htm /index.html /product /products /products/7`.split(/\s+/);

const EXPRESSIONS = String.raw`blog /blog ^/blog ^/blog$ /blog/.* ^/blog/.+$ blog/.* .*blog.* .* .+foo
  ^/docs/?$ /docs/? /tag- \.pdf$ .*\.pdf /index.html?$ ^.+blog ^/a.pdf$ .*?/x$ ^ $ /(blog|news)/.*
  ^/(?:en/)?blog ^/blog$|^/news /products?$ ^/(docs|product(s|s/7))$`.split(/\s+/);

test('an expression matches the paths that it matches as a regular expression', () => {
  for (const expression of EXPRESSIONS) {
    const matches = compilePatterns(ownPatterns('includePaths', [expression])!);
    const regular = new RegExp(expression);
    for (const path of PATHS)
      assert.equal(matches(path), regular.test(path), `${JSON.stringify(expression)} and ${path}`);
  }
});

test('a query is no part of the path that ends', () => {
  const matches = compilePatterns(ownPatterns('includePaths', ['^/docs$'])!);
  assert.deepEqual([matches('/docs?page=2'), matches('/docs/x')], [true, false]);
});

test('a star after a name is taken as in a file name', () => {
  for (const expression of ['/blog/*', 'blog/*', '*/blog/*']) {
    const matches = compilePatterns(ownPatterns('includePaths', [expression])!);
    assert.deepEqual([matches('/blog/post'), matches('/news/a')], [true, false], expression);
  }
});

test('what only a regular expression can say is refused, and so is what stands for too much', () => {
  const beyond = ['\\d+', '[a-z]', 'a{2}', 'a+', '(ab)+', '(?!a)', '(a', 'a)', 'a^b', '$a', '?', 'a\\'];
  for (const expression of [...beyond, '(a|b)'.repeat(10), `${'('.repeat(400)}a`, 'a?'.repeat(200)])
    assert.throws(() => ownPatterns('excludePaths', ['ok', expression]), {
      code: 'validation_failed',
      message: /^excludePaths\[1\]/,
    });
});
