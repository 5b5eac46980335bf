import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dedupeKey, normaliseUrl, type NormaliseOptions } from '../../src/crawl/normalise.ts';

const TABLE: [name: string, raw: string, expected: string | null][] = [
  ['scheme and host in lower case', 'HTTPS://EXAMPLE.com/A', 'https://example.com/A'],
  ['an empty path', 'https://example.com', 'https://example.com/'],
  ['the fragment', 'https://example.com/a#b', 'https://example.com/a'],
  ['a default port', 'https://example.com:443/', 'https://example.com/'],
  ['a default port of http', 'http://example.com:80/', 'http://example.com/'],
  ['another port', 'https://example.com:80/', 'https://example.com:80/'],
  ['a trailing dot', 'https://example.com./a', 'https://example.com/a'],
  ['a trailing dot before a port', 'https://example.com.:8080/a', 'https://example.com:8080/a'],
  ['an international name', 'https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ['an IPv6 address', 'http://[0:0::1]/', 'http://[::1]/'],
  ['dot segments', 'https://example.com/a/./b/../c', 'https://example.com/a/c'],
  ['encoded dot segments', 'https://example.com/a/%2e%2E/c', 'https://example.com/c'],
  ['backslashes', 'https://example.com\\a\\b', 'https://example.com/a/b'],
  ['blanks around', '  https://example.com/a \n', 'https://example.com/a'],
  ['hexadecimal digits', 'https://example.com/%c3%a9?q=%c3%a9', 'https://example.com/%C3%A9?q=%C3%A9'],
  ['unreserved characters', 'https://example.com/%7Eb%2Dc?%61=%62', 'https://example.com/~b-c?a=b'],
  ['reserved characters', 'https://example.com/a%2Fb%3f?x=%26', 'https://example.com/a%2Fb%3F?x=%26'],
  ['raw UTF-8', 'https://example.com/é?q=é', 'https://example.com/%C3%A9?q=%C3%A9'],
  ['what no URI may contain', 'https://example.com/a|b c?d|e', 'https://example.com/a%7Cb%20c?d%7Ce'],
  ['a % that encodes nothing', 'https://example.com/100%', 'https://example.com/100%25'],
  ['a % before an encoded digit', 'https://example.com/%%34%31', 'https://example.com/%2541'],
  ['an empty query', 'https://example.com/a?', 'https://example.com/a'],
  ['empty parameters', 'https://example.com/a?&x=1&&y=2&', 'https://example.com/a?x=1&y=2'],
  ['a parameter without a value', 'https://example.com/a?x&y=', 'https://example.com/a?x&y='],
  ['order kept', 'https://example.com/a?b=1&a=2&b=0', 'https://example.com/a?b=1&a=2&b=0'],
  ['a trailing slash kept', 'https://example.com/a/', 'https://example.com/a/'],
  ['double slashes kept', 'https://example.com//a//b', 'https://example.com//a//b'],
  ['utm_*', 'https://example.com/?utm_source=x&a=1&UTM_medium=y', 'https://example.com/?a=1'],
  ['click ids', 'https://example.com/?gclid=x&fbclid=y&msclkid=z&mc_cid=1&mc_eid=2', 'https://example.com/'],
  ['an encoded tracking name', 'https://example.com/?%75tm_source=x', 'https://example.com/'],
  [
    'names that only resemble',
    'https://example.com/?utm=1&my_utm_x=2&gclids=3',
    'https://example.com/?utm=1&my_utm_x=2&gclids=3',
  ],
  ['PHPSESSID', 'https://example.com/?PHPSESSID=abc&a=1', 'https://example.com/?a=1'],
  ['jsessionid in the query', 'https://example.com/?a=1&jsessionid=AB', 'https://example.com/?a=1'],
  ['jsessionid in the path', 'https://example.com/a;jsessionid=1A2B.node1?b=1', 'https://example.com/a?b=1'],
  ['jsessionid inside the path', 'https://example.com/a;JSESSIONID=1A/b;v=2', 'https://example.com/a/b;v=2'],
  ['jsessionid beside a dot segment', 'https://example.com/a/..;jsessionid=1/b', 'https://example.com/b'],
  [
    'a session in an ASP.NET path',
    'https://example.com/(S(lit3py55t21z5v55vlm25s55))/a',
    'https://example.com/a',
  ],
  [
    'both kinds of session',
    'https://example.com/(S(lit3py55t21z5v55vlm25s55));jsessionid=1/',
    'https://example.com/',
  ],
  ['ASPSESSIONID…', 'https://example.com/?ASPSESSIONIDQQABCD=xyz', 'https://example.com/'],
  ['a long sid', 'https://example.com/?sid=0123456789abcdef0123456789abcdef', 'https://example.com/'],
  ['a short sid', 'https://example.com/?sid=12', 'https://example.com/?sid=12'],
  ['mailto', 'mailto:a@example.com', null],
  ['javascript', 'javascript:void(0)', null],
  ['data', 'data:text/html,x', null],
  ['ftp', 'ftp://example.com/', null],
  ['user info', 'https://u@example.com/', null],
  ['a password', 'https://:p@example.com/', null],
  ['no host', 'https://', null],
  ['a dot for a host', 'https://./', null],
  ['a bad port', 'https://example.com:99999/', null],
  ['a relative reference without a base', '/a', null],
  ['an empty reference without a base', '', null],
];

function normalise(raw: string, options: NormaliseOptions = {}): string | null {
  return normaliseUrl(raw, undefined, options);
}

describe('normaliseUrl', () => {
  for (const [name, raw, expected] of TABLE) {
    it(name, () => assert.equal(normalise(raw), expected));
  }

  it('resolves against the base', () => {
    const base = 'https://example.com/a/b?x=1#f';
    assert.equal(normaliseUrl('c', base, {}), 'https://example.com/a/c');
    assert.equal(normaliseUrl('../c/', base, {}), 'https://example.com/c/');
    assert.equal(normaliseUrl('?y=2', base, {}), 'https://example.com/a/b?y=2');
    assert.equal(normaliseUrl('#top', base, {}), 'https://example.com/a/b?x=1');
    assert.equal(normaliseUrl('//other.example/c', base, {}), 'https://other.example/c');
    assert.equal(normaliseUrl('c', 'not a base', {}), null);
  });

  it('refuses more than 2,048 characters, counted after normalisation', () => {
    const stem = 'https://example.com/';
    assert.equal(normalise(stem + 'a'.repeat(2048 - stem.length))?.length, 2048);
    assert.equal(normalise(stem + 'a'.repeat(2049 - stem.length)), null);
    assert.equal(normalise(stem + 'é'.repeat(400)), null);
    assert.equal(normalise(`${stem}?utm_source=${'a'.repeat(3000)}`), stem);
    assert.equal(normalise(`${stem}#${'a'.repeat(1_000_000)}`), null);
  });

  it('ignores query parameters as told', () => {
    const url = 'https://example.com/?a=1&b%5B%5D=2&a=3&c+d=4&C=5';
    const ignoring = (ignore_query_parameters: boolean | string[]): string | null =>
      normalise(url, { ignore_query_parameters });
    assert.equal(ignoring(true), 'https://example.com/');
    assert.equal(ignoring(false), url);
    assert.equal(ignoring([]), url);
    assert.equal(ignoring(['a', 'c']), 'https://example.com/?b%5B%5D=2&c+d=4&C=5');
    assert.equal(ignoring(['b[]', 'c d']), 'https://example.com/?a=1&a=3&C=5');
  });

  const alphabet =
    "a B / // . .. %2e %2E%2e % %% %4 34 %31 %7e %c3%a9 é \ud800 ? & = + # ; @ : \\ | [ ' " +
    ';jsessionid=1 (S(abcdefghijklmnopq)) / utm_x=1 sid=';
  const piece = fc.constantFrom(' ', ...alphabet.split(' '));
  const anyUrl = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((pieces) => `https://Example.com./${pieces.join('')}`),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `http://${pieces.join('')}`),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.string({ unit: 'binary' }),
  );

  it('is idempotent', () => {
    fc.assert(
      fc.property(anyUrl, (raw) => {
        const once = normalise(raw);
        if (once !== null) assert.equal(normalise(once), once);
      }),
      { numRuns: 5000 },
    );
  });

  it('gives printable ASCII, http(s) and no fragment, or null', () => {
    fc.assert(
      fc.property(anyUrl, (raw) => {
        const url = normalise(raw);
        if (url !== null) assert.match(url, /^https?:\/\/[!"$-~]+$/);
      }),
      { numRuns: 2000 },
    );
  });
});

function same(a: string, b: string): boolean {
  return dedupeKey(`https://example.com${a}`) === dedupeKey(`https://example.com${b}`);
}

function queryOf(names: string[]): string {
  return `/?${names.map((name) => `${name}=${name}`).join('&')}`;
}

const routed = (url: string) => normaliseUrl(url, 'https://example.com/a', { keeps_routes: true });

describe('routes', () => {
  it('keeps a fragment that names a page of an application, where these count', () => {
    assert.equal(routed('#/about'), 'https://example.com/a#/about');
    assert.equal(routed('?b=1#!/about'), 'https://example.com/a?b=1#!/about');
    assert.equal(normaliseUrl('https://example.com/a#/about', undefined), 'https://example.com/a');
  });

  it('drops places in a page, and the first page of an application', () => {
    for (const fragment of ['#', '#top', '#/', '#!', '#!/', '#a/b'])
      assert.equal(routed(fragment), 'https://example.com/a');
  });
});

describe('dedupeKey', () => {
  it('does not look at the order of parameters', () => {
    assert.equal(same('/?a=1&b=2', '/?b=2&a=1'), true);
    assert.equal(same('/?a=1&b=2&c', '/?c&b=2&a=1'), true);
  });

  it('leaves a route as it is', () => {
    assert.equal(same('/?a=1&b=2#/r?d&c', '/?b=2&a=1#/r?d&c'), true);
    assert.equal(same('/#/r?d&c', '/#/r?c&d'), false);
    assert.equal(same('/?a=1#/r', '/?a=1#/s'), false);
  });

  it('keeps the order within one name', () => {
    assert.equal(same('/?a=1&a=2', '/?a=2&a=1'), false);
    assert.equal(same('/?a=1&b=0&a=2', '/?b=0&a=1&a=2'), true);
  });

  it('tells everything else apart', () => {
    assert.equal(same('/a', '/a/'), false);
    assert.equal(same('/a', '/A'), false);
    assert.equal(same('/?a=1', '/?a=2'), false);
    assert.equal(same('/?a', '/?a='), false);
    assert.notEqual(dedupeKey('https://example.com/'), dedupeKey('https://www.example.com/'));
    assert.notEqual(dedupeKey('https://example.com/'), dedupeKey('http://example.com/'));
  });

  it('is the same for every order of distinct names', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'aa'), { minLength: 1 });
    const twoOrders = names.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(twoOrders, ([one, other]) => {
        assert.equal(same(queryOf(one), queryOf(other)), true);
      }),
    );
  });
});
