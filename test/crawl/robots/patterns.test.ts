import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseRobots } from '../../../src/crawl/robots.ts';
import { ours, SITE, testCases, type Case } from './cases.ts';
import { referenceAllows } from './reference.ts';

const WILDCARDS: Case[] = [
  {
    name: '* in the middle',
    robots: ours('Disallow: /a/*/c'),
    disallowed: ['/a/b/c', '/a//c', '/a/b/b/c/d'],
    allowed: ['/a/c'],
  },
  { name: '* at the end', robots: ours('Disallow: /a*'), disallowed: ['/a', '/ab'], allowed: ['/'] },
  {
    name: '* at the start',
    robots: ours('Disallow: *.gif'),
    disallowed: ['/x.gif', '/x.gift'],
    allowed: ['/gif'],
  },
  { name: '* alone', robots: ours('Disallow: *'), disallowed: ['/', '/a'] },
  {
    name: '$',
    robots: ours('Disallow: /*.php$'),
    disallowed: ['/a.php'],
    allowed: ['/a.php?x', '/a.php5', '/a.php/'],
  },
  { name: '$ without *', robots: ours('Disallow: /a$'), disallowed: ['/a'], allowed: ['/a/', '/ab', '/a?'] },
  { name: '*$', robots: ours('Disallow: /a*$'), disallowed: ['/a', '/ab'] },
  {
    name: '$ in the middle is a character',
    robots: ours('Disallow: /a$b'),
    disallowed: ['/a$b', '/a%24b'],
    allowed: ['/a'],
  },
  {
    name: '%24 at the end is a character',
    robots: ours('Disallow: /foo-%24'),
    disallowed: ['/foo-$', '/foo-$a'],
    allowed: ['/foo-'],
  },
  {
    name: '%2A is a character',
    robots: ours('Disallow: /file-with-a-%2A.html'),
    disallowed: ['/file-with-a-*.html', '/file-with-a-%2a.html'],
    allowed: ['/file-with-a-b.html'],
  },
  { name: '* matches itself too', robots: ours('Disallow: /a*b'), disallowed: ['/a*b', '/ab', '/a%2Ab'] },
  {
    name: 'several *',
    robots: ours('Disallow: /*a**b*c'),
    disallowed: ['/abc', '/xaybzc'],
    allowed: ['/acb'],
  },
  {
    name: '* does not overlap',
    robots: ours('Disallow: /aba*aba$'),
    disallowed: ['/abaaba', '/abaxaba'],
    allowed: ['/aba', '/ababa'],
  },
  { name: 'no leading slash', robots: ours('Disallow: a'), allowed: ['/a', '/'] },
  { name: 'case-sensitive paths', robots: ours('Disallow: /A'), disallowed: ['/A'], allowed: ['/a'] },
];

const ENCODING: Case[] = [
  {
    name: 'RFC table: query',
    robots: ours('Disallow: /foo/bar?baz=quz'),
    disallowed: ['/foo/bar?baz=quz'],
    allowed: ['/foo/bar'],
  },
  {
    name: 'RFC table: reserved octets in a query, plain',
    robots: ours('Disallow: /foo/bar?baz=https://foo.bar'),
    disallowed: ['/foo/bar?baz=https%3A%2F%2Ffoo.bar', '/foo/bar?baz=https://foo.bar'],
  },
  {
    name: 'RFC table: reserved octets in a query, encoded',
    robots: ours('Disallow: /foo/bar?baz=https%3A%2F%2Ffoo.bar'),
    disallowed: ['/foo/bar?baz=https%3a%2f%2ffoo.bar', '/foo/bar?baz=https://foo.bar'],
  },
  {
    name: 'a wildcard into the query, plain',
    robots: ours('Disallow: /*://'),
    disallowed: ['/a?u=http://x', '/a?u=http%3A%2F%2Fx'],
  },
  {
    name: 'a wildcard into the query, encoded',
    robots: ours('Disallow: /*%3A%2F%2F'),
    disallowed: ['/a?u=http://x', '/a?u=http%3A%2F%2Fx'],
  },
  {
    name: 'RFC table: UTF-8',
    robots: ours('Disallow: /foo/bar/ツ'),
    disallowed: ['/foo/bar/%E3%83%84', '/foo/bar/ツ'],
  },
  {
    name: 'RFC table: encoded UTF-8',
    robots: ours('Disallow: /foo/bar/%e3%83%84'),
    disallowed: ['/foo/bar/ツ'],
    allowed: ['/foo/bar/'],
  },
  {
    name: 'RFC table: unreserved',
    robots: ours('Disallow: /foo/bar/%62%61%7A'),
    disallowed: ['/foo/bar/baz'],
  },
  { name: 'unreserved in the URL', robots: ours('Disallow: /~a-b_c.d'), disallowed: ['/%7Ea%2Db%5Fc%2Ed'] },
  {
    name: 'an encoded slash is no slash',
    robots: ours('Disallow: /a%2Fb'),
    disallowed: ['/a%2fb'],
    allowed: ['/a/b'],
  },
  {
    name: 'a slash is no encoded slash',
    robots: ours('Disallow: /a/b'),
    disallowed: ['/a/b'],
    allowed: ['/a%2Fb'],
  },
  {
    name: 'an encoded question mark is no query',
    robots: ours('Disallow: /a?b'),
    disallowed: ['/a?b'],
    allowed: ['/a%3Fb'],
  },
  {
    name: 'reserved octets of a path',
    robots: ours('Disallow: /a:b@c'),
    disallowed: ['/a%3Ab%40c', '/a:b@c'],
  },
  { name: 'a blank', robots: ours('Disallow: /a b'), disallowed: ['/a%20b'], allowed: ['/a'] },
  {
    name: 'a % that encodes nothing',
    robots: ours('Disallow: /100%/'),
    disallowed: ['/100%/', '/100%25/'],
    allowed: ['/100'],
  },
  { name: 'an empty query', robots: ours('Disallow: /*?'), disallowed: ['/a?', '/?x'], allowed: ['/a'] },
  {
    name: 'the fragment is not looked at',
    robots: ours('Disallow: /a$', 'Disallow: /*b'),
    disallowed: ['/a#b'],
    allowed: ['/c#b'],
  },
];

testCases('wildcards', WILDCARDS);
testCases('encoding', ENCODING);

describe('robots.txt: patterns', () => {
  it('agrees with a slow reference', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '/',
      '/',
      '%61',
      '%2f',
      '%2A',
      '%C3%A9',
      'é',
      '.',
      '%2e',
      ':',
      '%3A',
      '%',
    );
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`);
    const patternPiece = fc.oneof({ weight: 2, arbitrary: piece }, fc.constantFrom('*', '*', '$'));
    const pattern = fc
      .tuple(
        fc.constantFrom('/', '/', '*', ''),
        fc.array(patternPiece, { maxLength: 7 }),
        fc.constantFrom('', '', '$'),
      )
      .map(([start, pieces, end]) => start + pieces.join('') + end);
    const rules = fc.array(fc.record({ allow: fc.boolean(), pattern }), { maxLength: 6 });
    fc.assert(
      fc.property(rules, path, (list, at) => {
        const text = ours(
          ...list.map((rule) => `${rule.allow ? 'Allow' : 'Disallow'}: ${rule.pattern}`),
        ).join('\n');
        const url = new URL(SITE + at);
        assert.equal(parseRobots(text).allows(url.href), referenceAllows(list, url.pathname));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes adversarial patterns in linear time', () => {
    const patterns = [
      `/${'*a'.repeat(200)}*b`,
      `/*${'a'.repeat(400)}b`,
      `/${'a*'.repeat(300)}b$`,
      `${'*'.repeat(900)}b`,
    ];
    const lines = Array.from({ length: 450 }, (_, index) => `Disallow: ${patterns[index % 4]}`);
    const robots = parseRobots(ours(...lines).join('\n'));
    assert.equal(robots.allows(`${SITE}/${'a'.repeat(2000)}`), true);
    assert.equal(robots.allows(`${SITE}/${'a'.repeat(2000)}b`), false);
  });
});
