import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  compilePattern,
  compilePatterns,
  InvalidPatternError,
  MAX_PATTERN_LENGTH,
} from '../../src/crawl/patterns.ts';

const TABLE: [pattern: string, matched: string[], unmatched: string[]][] = [
  ['/', ['/', '/a', '/a/b?c'], []],
  [
    '/docs',
    ['/docs', '/docs/', '/docs/intro', '/docs?lang=en'],
    ['/', '/docs-old', '/docs.html', '/a/docs', '/Docs'],
  ],
  ['/docs/', ['/docs/', '/docs/intro', '/docs/?a'], ['/docs', '/docs?a']],
  ['/docs/*', ['/docs/', '/docs/intro', '/docs/a/b?c=1'], ['/docs', '/docs-old', '/blog/docs/a']],
  ['/docs/**', ['/docs/', '/docs/a/b'], ['/docs']],
  ['/docs*', ['/docs', '/docs-old', '/docs/a', '/docsa?b'], ['/doc']],
  ['docs/*', ['/docs/a'], ['/x/docs/a']],
  ['*/docs/*', ['/docs/a', '/x/docs/a', '/x/y/docs/'], ['/docs', '/xdocs/a']],
  ['*docs', ['/docs', '/a-docs/x', '/x?y=docs'], ['/docs-old']],
  ['*', ['/', '/a?b'], []],
  [
    '/blog/*/comments',
    ['/blog/x/comments', '/blog/x/y/comments/2', '/blog/x/comments?p=2'],
    ['/blog/comments', '/blog/x/commentsx'],
  ],
  ['/*.pdf', ['/a.pdf', '/a/b.pdf', '/a.pdf?v=2'], ['/pdf', '/a.pdfx', '/a.pdf-b']],
  ['/*.pdf$', ['/a.pdf', '/x?y=.pdf'], ['/a.pdf?v=2', '/a.pdf/']],
  ['/docs$', ['/docs'], ['/docs/', '/docs?a', '/docs/a']],
  ['/$', ['/'], ['/a', '/?a']],
  ['/page-?', ['/page-1', '/page-a/b'], ['/page-', '/page-12']],
  ['/list?page=*', ['/list?page=2', '/list?page=2&x=1', '/list?page='], ['/list', '/list?x=1']],
  ['/list?page=', ['/list?page=2'], ['/list?pages=2']],
  ['/list?page=1', ['/list?page=1', '/list?page=1&x'], ['/list?page=12']],
  ['/*?*print', ['/a?print', '/a?x=1&print&y'], ['/print']],
  ['/a\\*b', ['/a*b'], ['/aab', '/ab']],
  ['/a\\?b', ['/a?b'], ['/axb']],
  ['/a\\$', ['/a$', '/a$/b'], ['/a']],
  ['/a$b', ['/a$b'], ['/a']],
  ['/a\\\\$', ['/a%5C'], ['/a%5C/b']],
  ['/a\\[1\\]', ['/a[1]'], ['/a1']],
  ['/a\\{1\\|\\}', ['/a%7B1%7C%7D'], ['/a1']],
  ['^/blog/.*$', ['/blog/', '/blog/a/b?c'], ['/blog', '/x/blog/a']],
  ['/blog/.*', ['/blog/', '/blog/a'], ['/blog']],
  ['blog/.+', ['/blog/a', '/blog/a/b'], ['/blog/', '/blog']],
  ['/a\\.html$', ['/a.html'], ['/axhtml']],
  ['/a.html', ['/a.html'], ['/axhtml']],
  ['/a+b', ['/a+b'], ['/aab']],
  ['/Foo_(bar)', ['/Foo_(bar)'], ['/Foo_bar']],
  ['/café/*', ['/caf%C3%A9/x'], ['/cafe/x']],
  ['/caf%c3%a9', ['/caf%C3%A9'], []],
  ['/%61', ['/a'], []],
  ['/a b', ['/a%20b'], ['/ab']],
  ['/100%', ['/100%25'], []],
];

describe('patterns', () => {
  for (const [pattern, matched, unmatched] of TABLE) {
    it(pattern, () => {
      const compiled = compilePattern(pattern);
      for (const path of matched) assert.equal(compiled(path), true, `matches ${path}`);
      for (const path of unmatched) assert.equal(compiled(path), false, `does not match ${path}`);
    });
  }

  it('of several one is enough, and none matches nothing', () => {
    const several = compilePatterns(['/a', '/b/*']);
    assert.equal(several('/a'), true);
    assert.equal(several('/b/c'), true);
    assert.equal(several('/c'), false);
    assert.equal(compilePatterns([])('/'), false);
  });

  it('refuses what is not in the language, with a sentence', () => {
    const refused: [string, RegExp][] = [
      ['', /must not be empty/],
      ['  ', /must not be empty/],
      ['/' + 'a'.repeat(MAX_PATTERN_LENGTH), /at most 512 characters/],
      ['https://example.com/a', /leave out the scheme and the host/],
      ['^https?://example.com', /leave out the scheme and the host/],
      ['/[a-z]+', /not a regular expression/],
      ['/(en|de)/.*', /not a regular expression/],
      ['/a{2}', /not a regular expression/],
      ['/a^b', /not a regular expression/],
      ['/\\d+', /has no \\d/],
      ['/a\\', /has no \\/],
      ['/a\nb', /control characters/],
      ['/\ud800', /control characters/],
    ];
    for (const [pattern, message] of refused) {
      assert.throws(
        () => compilePattern(pattern),
        (error) =>
          error instanceof InvalidPatternError &&
          message.test(error.message) &&
          /^A pattern .*\.$/.test(error.message),
        pattern,
      );
    }
    assert.throws(() => compilePatterns(['/a', '/[b]']), InvalidPatternError);
  });

  it('accepts the longest pattern', () => {
    const longest = '/' + 'a'.repeat(MAX_PATTERN_LENGTH - 1);
    assert.equal(compilePattern(longest)(longest), true);
  });

  it('agrees with a slow reference', () => {
    const pattern = fc
      .array(fc.constantFrom('a', 'b', '/', '*', '**', '?', '=', '&', '\\?', '\\*', '\\$', '$', '.', '.*'), {
        maxLength: 9,
      })
      .map((pieces) => `/${pieces.join('')}`);
    const path = fc
      .array(fc.constantFrom('a', 'b', '/', '?', '=', '&', '*', '$', '.'), { maxLength: 12 })
      .map((pieces) => `/${pieces.join('')}`);
    fc.assert(
      fc.property(pattern, path, (source, text) => {
        assert.equal(compilePattern(source)(text), reference(source, text));
      }),
      { numRuns: 10_000 },
    );
  });

  it('comes back from patterns made to backtrack', () => {
    const text = `/${'a'.repeat(2000)}`;
    const sources = [
      `/${'*a'.repeat(250)}*b$`,
      `/${'*?'.repeat(250)}b`,
      `/${'a*'.repeat(250)}b$`,
      `/*${'a'.repeat(500)}b`,
      '*'.repeat(500) + 'b',
    ];
    for (const source of sources) assert.equal(compilePattern(source)(text), false, source.slice(0, 10));
  });
});

/**
 * Tries every way to choose the wildcards; where a way ends, the text must end or have a boundary.
 */
function reference(source: string, text: string): boolean {
  const tokens = [...source.matchAll(/\\[^]|\.?\*+|[^]/g)].map(([token]) => token);
  const anchored = tokens.at(-1) === '$';
  if (anchored) tokens.pop();
  return endsOf(tokens, text, 0).some((end) => {
    if (end === text.length) return true;
    return !anchored && (/[/?&]/.test(text.charAt(end)) || /[/?&=]/.test(text.charAt(end - 1)));
  });
}

function endsOf(tokens: string[], text: string, at: number): number[] {
  const [token, ...rest] = tokens;
  if (token === undefined) return [at];
  if (token.endsWith('*') && !token.startsWith('\\')) {
    const starts = Array.from({ length: text.length - at + 1 }, (_, skipped) => at + skipped);
    return [...new Set(starts.flatMap((start) => endsOf(rest, text, start)))];
  }
  if (at === text.length) return [];
  const literal = token.startsWith('\\') ? token.slice(1) : token;
  return token === '?' || literal === text[at] ? endsOf(rest, text, at + 1) : [];
}
