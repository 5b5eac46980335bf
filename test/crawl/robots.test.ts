import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ALLOW_ALL,
  DISALLOW_ALL,
  ROBOTS_MAX_BYTES,
  parseRobots,
  robotsOutcome,
  USER_AGENT_TOKEN,
} from '../../src/crawl/robots.ts';

const SITE = 'https://example.com';

interface Case {
  name: string;
  robots: string | string[] | Buffer;
  allowed?: string[];
  disallowed?: string[];
}

function ours(...rules: string[]): string[] {
  return ['User-agent: Ollagraph', ...rules];
}

const GROUPS: Case[] = [
  { name: 'an empty file allows all', robots: '', allowed: ['/', '/a'] },
  {
    name: 'our own group',
    robots: ours('Disallow: /a'),
    disallowed: ['/a', '/a/b', '/ab'],
    allowed: ['/', '/b'],
  },
  { name: "another agent's group", robots: ['User-agent: Other', 'Disallow: /'], allowed: ['/a'] },
  { name: 'the * group', robots: ['User-agent: *', 'Disallow: /a'], disallowed: ['/a'], allowed: ['/b'] },
  {
    name: 'our group instead of the * group, wherever it stands',
    robots: ['User-agent: *', 'Disallow: /', '', ...ours('Disallow: /a')],
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  {
    name: 'our empty group instead of the * group',
    robots: [...ours('Disallow:'), 'User-agent: *', 'Disallow: /'],
    allowed: ['/', '/a'],
  },
  {
    name: 'the token in another case',
    robots: ['user-agent: OLLAGRAPH', 'disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'a longer token is another agent',
    robots: ['User-agent: Ollagraph-Images', 'Disallow: /', 'User-agent: Ollagraphs', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'a shorter token is another agent',
    robots: ['User-agent: Olla', 'Disallow: /', 'User-agent: O*', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'a token with a version',
    robots: ['User-agent: Ollagraph/1.0', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'groups of one agent are merged',
    robots: [...ours('Disallow: /a'), 'User-agent: x', 'Disallow: /b', ...ours('Disallow: /c')],
    disallowed: ['/a', '/c'],
    allowed: ['/b'],
  },
  {
    name: '* groups are merged',
    robots: [
      'User-agent: *',
      'Disallow: /a',
      'User-agent: x',
      'Disallow: /b',
      'User-agent: *',
      'Disallow: /c',
    ],
    disallowed: ['/a', '/c'],
    allowed: ['/b'],
  },
  {
    name: 'agents that share a group',
    robots: ['User-agent: x', 'User-agent: Ollagraph', 'User-agent: y', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'empty lines and comments between agents',
    robots: ['User-agent: Ollagraph', '', '# more', 'User-agent: y', '', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'an agent after a rule begins a group',
    robots: [...ours('Disallow: /a'), 'User-agent: y', 'Disallow: /b'],
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  {
    name: 'an empty rule also ends the agents',
    robots: [...ours('Disallow:'), 'User-agent: y', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'other records do not end a group',
    robots: ours(
      'Crawl-delay: 2',
      'Sitemap: https://example.com/s.xml',
      'Host: x',
      'Disallow: /a',
      'Foo: bar',
      'Disallow: /b',
    ),
    disallowed: ['/a', '/b'],
  },
  {
    name: 'other records do not end the agents',
    robots: [
      'User-agent: Ollagraph',
      'Crawl-delay: 2',
      'Sitemap: https://example.com/s.xml',
      'User-agent: y',
      'Disallow: /a',
    ],
    disallowed: ['/a'],
  },
  {
    name: 'rules before any group',
    robots: ['Disallow: /a', ...ours('Disallow: /b')],
    disallowed: ['/b'],
    allowed: ['/a'],
  },
];

const LINES: Case[] = [
  { name: 'LF', robots: 'User-agent: *\nDisallow: /a\nDisallow: /b', disallowed: ['/a', '/b'] },
  { name: 'CR', robots: 'User-agent: *\rDisallow: /a\rDisallow: /b', disallowed: ['/a', '/b'] },
  { name: 'CRLF', robots: 'User-agent: *\r\nDisallow: /a\r\nDisallow: /b\r\n', disallowed: ['/a', '/b'] },
  { name: 'a byte order mark', robots: '\uFEFFUser-agent: *\nDisallow: /a', disallowed: ['/a'] },
  {
    name: 'blanks',
    robots: ' \tUser-agent \t:\t * \n\t Disallow\t : \t/a \t',
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  { name: 'no blank', robots: 'User-agent:*\nDisallow:/a', disallowed: ['/a'] },
  {
    name: 'keys in another case',
    robots: 'USER-AGENT: *\ndIsAlLoW: /\nALLOW: /a',
    allowed: ['/a'],
    disallowed: ['/b'],
  },
  { name: 'comments', robots: '# x\nUser-agent: * # all\nDisallow: /a#b', disallowed: ['/a', '/ab'] },
  { name: 'a commented rule', robots: 'User-agent: *\n#Disallow: /', allowed: ['/a'] },
  {
    name: 'lines without a colon',
    robots: 'User-agent: *\nDisallow /a\nnonsense\nDisallow: /b',
    disallowed: ['/b'],
    allowed: ['/a'],
  },
  { name: 'a value with a colon', robots: ours('Disallow: /a:b'), disallowed: ['/a:b'], allowed: ['/a'] },
  { name: 'HTML instead', robots: '<!doctype html>\n<p style="color: red">Disallow: /</p>', allowed: ['/a'] },
  {
    name: 'not UTF-8',
    robots: Buffer.from('User-agent: *\nDisallow: /\xE9\nDisallow: /b', 'latin1'),
    disallowed: ['/b', '/%E9'],
  },
];

const PRECEDENCE: Case[] = [
  {
    name: 'the example of RFC 9309, 5.2',
    robots: ours('Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'),
    disallowed: ['/example/page/disallowed.gif'],
    allowed: ['/example/page/', '/example/page/x.gif', '/example'],
  },
  {
    name: 'the longest rule, first',
    robots: ours('Allow: /a/b', 'Disallow: /a'),
    allowed: ['/a/b'],
    disallowed: ['/a/c'],
  },
  {
    name: 'the longest rule, last',
    robots: ours('Disallow: /a', 'Allow: /a/b'),
    allowed: ['/a/b/c'],
    disallowed: ['/a'],
  },
  { name: 'Allow among equals, last', robots: ours('Disallow: /a', 'Allow: /a'), allowed: ['/a'] },
  { name: 'Allow among equals, first', robots: ours('Allow: /a', 'Disallow: /a'), allowed: ['/a'] },
  { name: 'a wildcard counts', robots: ours('Allow: /p', 'Disallow: /*p'), disallowed: ['/p', '/xp'] },
  {
    name: 'only the root, by $',
    robots: ours('Allow: /$', 'Disallow: /'),
    allowed: ['/'],
    disallowed: ['/a', '/?', '/?a=1', '/index.html'],
  },
  {
    name: 'length in octets, not characters',
    robots: ours('Disallow: /é', 'Allow: /*123'),
    disallowed: ['/é123'],
  },
  {
    name: 'spellings of one path are equally long',
    robots: ours('Disallow: /%E3%83%84', 'Allow: /ツ'),
    allowed: ['/ツ', '/%E3%83%84'],
  },
  {
    name: 'an encoded unreserved octet is no longer',
    robots: ours('Disallow: /%62%61%7A', 'Allow: /baz'),
    allowed: ['/baz'],
  },
  {
    name: 'merged groups compete',
    robots: [...ours('Disallow: /a/b'), ...ours('Allow: /a/b/c')],
    allowed: ['/a/b/c'],
    disallowed: ['/a/b'],
  },
];

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

for (const [title, cases] of Object.entries({ GROUPS, LINES, PRECEDENCE, WILDCARDS, ENCODING })) {
  describe(`robots.txt: ${title.toLowerCase()}`, () => {
    for (const { name, robots, allowed = [], disallowed = [] } of cases) {
      it(name, () => {
        const parsed = parseRobots(Array.isArray(robots) ? robots.join('\n') : robots);
        for (const path of allowed) assert.equal(parsed.allows(SITE + path), true, `${path} is allowed`);
        for (const path of disallowed)
          assert.equal(parsed.allows(SITE + path), false, `${path} is disallowed`);
      });
    }
  });
}

function delay(...lines: string[]): number | null {
  return parseRobots(lines.join('\n')).crawlDelaySeconds;
}

function padding(length: number): string {
  return `#${'x'.repeat(length - 2)}\n`;
}

describe('robots.txt: the rest', () => {
  it('has one product token', () => {
    assert.equal(USER_AGENT_TOKEN, 'Ollagraph');
  });

  it('always allows /robots.txt itself', () => {
    for (const robots of [parseRobots('User-agent: *\nDisallow: /'), DISALLOW_ALL]) {
      assert.equal(robots.allows(`${SITE}/robots.txt`), true);
      assert.equal(robots.allows(`${SITE}/robots.txt.bak`), false);
      assert.equal(robots.allows(`${SITE}/a/robots.txt`), false);
    }
  });

  it('allows nothing that is not an http(s) URL', () => {
    for (const robots of [parseRobots(''), ALLOW_ALL]) {
      for (const url of ['', '/a', 'ftp://example.com/', 'mailto:a@example.com'])
        assert.equal(robots.allows(url), false);
    }
  });

  it('looks at the path only, whatever the user info, port and host', () => {
    const robots = parseRobots('User-agent: *\nDisallow: /a');
    assert.equal(robots.allows('http://u:p@[::1]:8080/a'), false);
    assert.equal(robots.allows('http://a.example/b'), true);
  });

  it('reads the crawl delay of our group', () => {
    assert.equal(delay('User-agent: *', 'Disallow: /'), null);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5'), 5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 0.5'), 0.5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: .5 # half'), 0.5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5', 'Disallow:', ...ours('Disallow: /')), null);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5', ...ours('Disallow: /')), 5, 'still one group');
    assert.equal(
      delay(
        ...ours('Crawl-delay: 2', 'Allow: /'),
        'User-agent: x',
        'Crawl-delay: 9',
        'Allow: /',
        ...ours('crawl-delay: 3'),
      ),
      3,
    );
    for (const bad of ['', '-1', 'soon', '1s', 'NaN', 'Infinity', '9'.repeat(400)]) {
      assert.equal(delay('User-agent: *', `Crawl-delay: ${bad}`), null, bad);
    }
  });

  it('reads absolute sitemaps, outside and inside of groups, each once', () => {
    const robots = parseRobots(
      [
        'Sitemap: https://example.com/1.xml',
        ...ours('Disallow: /', 'sitemap:https://cdn.example/2.xml?a=1 # second'),
        'User-agent: x',
        'Sitemap: https://example.com/1.xml',
        'Sitemap: /relative.xml',
        'Sitemap: ftp://example.com/3.xml',
        'Sitemap: https://example.com/ツ.xml',
      ].join('\n'),
    );
    assert.deepEqual(robots.sitemaps, [
      'https://example.com/1.xml',
      'https://cdn.example/2.xml?a=1',
      'https://example.com/%E3%83%84.xml',
    ]);
  });

  it('reads 500 KiB and drops a line cut there', () => {
    const head = 'User-agent: *\n';
    const rule = 'Disallow: /a';
    const fitting = head + padding(ROBOTS_MAX_BYTES - head.length - rule.length) + rule;
    assert.equal(fitting.length, 512_000);
    const cut = head + padding(ROBOTS_MAX_BYTES - head.length - rule.length + 1) + rule;
    assert.equal(parseRobots(fitting).allows(`${SITE}/a`), false);
    assert.equal(parseRobots(`${fitting}\nAllow: /a`).allows(`${SITE}/a`), false);
    assert.equal(
      parseRobots(`${fitting}bc\n`).allows(`${SITE}/abc`),
      true,
      'the cut line is dropped, not shortened',
    );
    assert.equal(parseRobots(`${cut}\n`).allows(`${SITE}/a`), true);
    assert.equal(parseRobots('x'.repeat(600_000)).allows(`${SITE}/a`), true);
  });

  it('decides by the status of the fetch', () => {
    const body = Buffer.from('User-agent: *\nDisallow: /a');
    const allows = (status: number, path: string): boolean =>
      robotsOutcome({ status, body }).allows(SITE + path);
    for (const status of [200, 203, 206]) {
      assert.equal(allows(status, '/a'), false);
      assert.equal(allows(status, '/b'), true);
    }
    for (const status of [301, 302, 400, 401, 403, 404, 410, 451])
      assert.equal(allows(status, '/a'), true, `${status}`);
    for (const status of [429, 500, 502, 503, 599]) assert.equal(allows(status, '/b'), false, `${status}`);
  });

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

/** Octets one by one, as numbers; `*` and a final `$` of a pattern as themselves. */
type Octet = number | string;

function octetsOf(text: string, isPattern: boolean): Octet[] {
  const octets: Octet[] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1) {
    const hex = /^%([0-9a-f]{2})/i.exec(bytes.toString('latin1', at, at + 3))?.[1];
    const character = String.fromCharCode(bytes[at] ?? 0);
    if (hex !== undefined) {
      const decoded = Number.parseInt(hex, 16);
      octets.push(decoded === 0x2f ? '%2F' : decoded);
      at += 2;
    } else if (isPattern && (character === '*' || (character === '$' && at === bytes.length - 1)))
      octets.push(character);
    else octets.push(character === '/' ? '/' : (bytes[at] ?? 0));
  }
  return octets;
}

function referenceMatches(pattern: Octet[], path: Octet[]): boolean {
  const [expected, ...rest] = pattern;
  if (expected === undefined) return true;
  if (expected === '$') return path.length === 0;
  if (expected === '*')
    return path.some((_, at) => referenceMatches(rest, path.slice(at))) || referenceMatches(rest, []);
  return expected === path[0] && referenceMatches(rest, path.slice(1));
}

function referenceLength(pattern: Octet[]): number {
  const plain = /[A-Za-z0-9\-._~]/;
  const lengthOf = (octet: Octet): number => {
    if (typeof octet === 'string') return octet.length;
    return plain.test(String.fromCharCode(octet)) ? 1 : 3;
  };
  return pattern.map(lengthOf).reduce((sum, length) => sum + length, 0);
}

function referenceAllows(rules: { allow: boolean; pattern: string }[], path: string): boolean {
  let best = { length: -1, allow: true };
  for (const { allow, pattern } of rules) {
    const octets = octetsOf(pattern, true);
    if (pattern === '' || !referenceMatches(octets, octetsOf(path, false))) continue;
    const length = referenceLength(octets);
    if (length > best.length || (length === best.length && allow)) best = { length, allow };
  }
  return best.allow;
}

it('Sitemap lines may be relative to their robots.txt', () => {
  const text =
    'Sitemap: /maps/all.xml\nSitemap: more.xml\nSitemap: //cdn.example/s.xml\nSitemap: https://x.example/a.xml';
  assert.deepEqual(parseRobots(text, 'https://site.example/robots.txt').sitemaps, [
    'https://site.example/maps/all.xml',
    'https://site.example/more.xml',
    'https://cdn.example/s.xml',
    'https://x.example/a.xml',
  ]);
  assert.deepEqual(parseRobots(text).sitemaps, ['https://x.example/a.xml']);
});
