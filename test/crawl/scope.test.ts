import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidPatternError } from '../../src/crawl/patterns.ts';
import { createScope, isTrap, looksLikeFile, type ScopeOptions } from '../../src/crawl/scope.ts';

const SITES: { name: string; seed: string; allow_subdomains?: boolean; same: string[]; other: string[] }[] = [
  {
    name: 'one host, www. or not, http or https',
    seed: 'https://example.com/start',
    same: [
      'https://example.com/',
      'http://example.com/a',
      'https://www.example.com/',
      'https://example.com./a',
    ],
    other: ['https://blog.example.com/', 'https://example.org/', 'https://notexample.com/', 'https://com/'],
  },
  {
    name: 'a seed with www.',
    seed: 'https://www.example.com/',
    same: ['https://example.com/', 'https://www.example.com/'],
    other: ['https://www.blog.example.com/', 'https://www2.example.com/'],
  },
  {
    name: 'www. before a top level',
    seed: 'https://www.com/',
    same: ['https://www.com/'],
    other: ['https://com/'],
  },
  {
    name: 'the registrable domain',
    seed: 'https://docs.example.co.uk/',
    allow_subdomains: true,
    same: ['https://example.co.uk/', 'https://a.b.example.co.uk/', 'http://www.example.co.uk/'],
    other: [
      'https://other.co.uk/',
      'https://co.uk/',
      'https://example.com/',
      'https://example.co.uk.evil.example/',
    ],
  },
  {
    name: 'private suffixes',
    seed: 'https://alice.github.io/',
    allow_subdomains: true,
    same: ['https://alice.github.io/x', 'https://www.alice.github.io/'],
    other: ['https://bob.github.io/', 'https://github.io/'],
  },
  {
    name: 'a public suffix itself',
    seed: 'https://github.io/',
    allow_subdomains: true,
    same: ['https://github.io/'],
    other: ['https://alice.github.io/'],
  },
  {
    name: 'an IPv4 address',
    seed: 'http://192.0.2.1/',
    allow_subdomains: true,
    same: ['http://192.0.2.1/a'],
    other: ['http://192.0.2.2/', 'http://2.1/'],
  },
  {
    name: 'an IPv6 address',
    seed: 'http://[2001:db8::1]/',
    allow_subdomains: true,
    same: ['http://[2001:db8:0::1]/a'],
    other: ['http://[2001:db8::2]/'],
  },
  {
    name: 'localhost',
    seed: 'http://localhost:8080/',
    allow_subdomains: true,
    same: ['http://localhost:8080/a'],
    other: ['http://localhost/', 'http://127.0.0.1:8080/', 'http://example.com:8080/'],
  },
  {
    name: 'a default port',
    seed: 'https://example.com:443/',
    same: ['http://example.com:80/', 'https://example.com/'],
    other: ['https://example.com:8443/', 'https://example.com:80/'],
  },
  {
    name: 'another port',
    seed: 'http://example.com:8080/',
    same: ['http://example.com:8080/a', 'https://example.com:8080/a', 'http://www.example.com:8080/'],
    other: ['http://example.com/', 'http://example.com:8081/'],
  },
  {
    name: 'http(s) only',
    seed: 'https://example.com/',
    same: [],
    other: ['ftp://example.com/', 'mailto:a@example.com', 'javascript:alert(1)', '/relative', ''],
  },
];

describe('the site', () => {
  for (const { name, seed, allow_subdomains, same, other } of SITES) {
    it(name, () => {
      const scope = createScope({ seed, ...(allow_subdomains === undefined ? {} : { allow_subdomains }) });
      for (const url of same) assert.equal(scope.sameSite(url) && scope.inScope(url, 1), true, url);
      for (const url of other) assert.equal(scope.sameSite(url) || scope.inScope(url, 1), false, url);
    });
  }
});

function inScope(options: Partial<ScopeOptions>, path: string, depth = 1): boolean {
  return createScope({ seed: 'https://example.com/start', ...options }).inScope(
    `https://example.com${path}`,
    depth,
  );
}

describe('the scope', () => {
  it('ends at max_depth', () => {
    assert.equal(inScope({ max_depth: 2 }, '/a', 2), true);
    assert.equal(inScope({ max_depth: 2 }, '/a', 3), false);
    assert.equal(inScope({ max_depth: 0 }, '/start', 0), true);
    assert.equal(inScope({ max_depth: 0 }, '/a', 1), false);
    assert.equal(inScope({}, '/a', 1000), true);
  });

  it('has what include_paths names and exclude_paths does not', () => {
    const options = { include_paths: ['/docs', '/blog/*'], exclude_paths: ['/docs/old', '*?*print=*'] };
    for (const path of ['/docs', '/docs/a', '/blog/a?b=1']) assert.equal(inScope(options, path), true, path);
    for (const path of ['/', '/about', '/docs/old', '/docs/old/a', '/blog/a?print=1']) {
      assert.equal(inScope(options, path), false, path);
    }
    assert.equal(inScope({ exclude_paths: ['/private'] }, '/a'), true);
    assert.equal(inScope({ include_paths: [] }, '/a'), true);
  });

  it('is below the seed where it is to be', () => {
    const scope = createScope({ seed: 'https://a.test/%7eme/x?q', below_seed: true });
    const verdicts = ['/~me/x', '/~me/x/y', '/~me/xy?z', '/~me/', '/'].map((path) =>
      scope.inScope(`https://a.test${path}`, 1),
    );
    assert.deepEqual(verdicts, [true, true, true, false, false]);
  });

  it('always has the seed', () => {
    const options = {
      seed: 'https://example.com/list.zip?a=1',
      include_paths: ['/docs'],
      exclude_paths: ['/'],
    };
    assert.equal(inScope(options, '/list.zip?a=1', 0), true);
    assert.equal(inScope(options, '/other', 0), false);
  });

  it('refuses bad patterns and seeds', () => {
    assert.throws(() => inScope({ include_paths: ['/[a]'] }, '/'), InvalidPatternError);
    assert.throws(() => inScope({ exclude_paths: [''] }, '/'), InvalidPatternError);
    assert.throws(() => inScope({ seed: 'example.com' }, '/'), TypeError);
  });

  it('knows what looks like a file, and leaves it to the answer to say what it is', () => {
    for (const path of [
      '/a.png',
      '/a.JPG?v=1',
      '/a/b.tar.gz',
      '/style.css',
      '/app.js',
      '/f.woff2',
      '/v.mp4',
      '/x.doc',
      '/y.exe',
    ]) {
      assert.equal(looksLikeFile(`https://example.com${path}`), true, path);
      assert.equal(inScope({}, path), true, path);
    }
    for (const path of [
      '/a',
      '/a.html',
      '/a.php',
      '/a.pdf',
      '/a.txt',
      '/feed.xml',
      '/a.json',
      '/v1.2',
      '/zip',
      '/a.zip/',
      '/d?f=a.zip',
    ]) {
      assert.equal(looksLikeFile(`https://example.com${path}`), false, path);
      assert.equal(inScope({}, path), true, path);
    }
  });

  it('leaves out traps', () => {
    assert.equal(inScope({}, '/a/b/a/b/a/b'), false);
  });
});

describe('a seed that has moved', () => {
  const scope = createScope({ seed: 'https://old.example/docs', include_paths: ['/docs'], max_depth: 2 });

  it('keeps its own site, and takes the same rules to the site of a page elsewhere', () => {
    assert.equal(scope.at('https://www.old.example/docs/a'), scope);
    const moved = scope.at('https://new.example/docs');
    assert.equal(scope.at('https://new.example/docs/b'), moved);
    assert.equal(moved.sameSite('https://old.example/docs'), false);
    assert.equal(moved.inScope('https://new.example/docs/b', 2), true);
    assert.equal(moved.inScope('https://new.example/blog', 1), false);
    assert.equal(moved.inScope('https://new.example/docs/b', 3), false);
  });

  it('leads nowhere that is not http', () => {
    assert.equal(scope.at('ftp://new.example/'), scope);
    assert.equal(scope.at('nonsense'), scope);
  });
});

describe('traps', () => {
  const now = new Date('2025-06-01T00:00:00Z');
  const traps = [
    '/a/b/a/b/a/b',
    '/x/x/x',
    '/de/a/de/b/de/',
    `/${'s/1/'.repeat(8)}`,
    `/${Array.from({ length: 16 }, (_, index) => `s${index}`).join('/')}`,
    `/?${Array.from({ length: 13 }, (_, index) => `p${index}=1`).join('&')}`,
    '/calendar/2031/05',
    '/calendar/2031/5',
    '/kalender/01/2050',
    '/events/2050-w12',
    '/agenda?month=01-2050',
    '/events/2100-01-01/',
    '/event-calendar/1950/12/31',
    '/calendar?date=1987-05-01',
    '/list?year=2040',
    '/list?month=2040-01',
    '/list?date=20400101',
  ];
  const pages = [
    '/',
    '/a/b/a/b',
    '/2024/01/01/01/01',
    '/archive/2020/10/10/10',
    `/${Array.from({ length: 15 }, (_, index) => `s${index}`).join('/')}`,
    `/?${Array.from({ length: 12 }, (_, index) => `p${index}=1`).join('&')}`,
    '/calendar/2025/05',
    '/events/2050',
    '/events/1984/12345',
    '/events/2050-summit',
    '/calendar/3/2026',
    '/calendar/2028/12',
    '/events/2010/05/01',
    '/archive/1920/05/01',
    '/archive?date=1920-05-01',
    '/forum/4521/2',
    '/events/4521/3',
    '/product?date=1700000000',
    '/list?year=2025&month=7',
    '/hotels/2100/rooms',
  ];
  for (const path of traps)
    it(`${path.slice(0, 40)} is one`, () => assert.equal(isTrap(`https://example.com${path}`, now), true));
  for (const path of pages)
    it(`${path.slice(0, 40)} is none`, () => assert.equal(isTrap(`https://example.com${path}`, now), false));
  it('so is what is no URL', () => assert.equal(isTrap('/a', now), true));
});
