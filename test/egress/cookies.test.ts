import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createEgress, SiteCookies, type Egress, type PageRequest } from '../../src/egress/index.ts';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import { failure } from '../support/checks/failure.ts';
import { ok, redirect, response, startOrigin, type Origin, type RawRequest } from '../support/net/origin.ts';

let egress: Egress;
let dns: FakeDns;
before(async () => {
  dns = await startDns({ 'shop.site.test': { a: ['127.0.0.1'] }, 'other.site.test': { a: ['127.0.0.1'] } });
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [], dnsServers: [dns.server] });
});
after(async () => {
  await egress.close();
  await dns.close();
});

function get(url: string, options: Partial<PageRequest> = {}) {
  return egress.fetchPage({ url, userAgent: 't', timeoutMs: 5000, ...options });
}

const at = (origin: Origin, path: string, host = '127.0.0.1') => `http://${host}:${origin.port}${path}`;
const setCookies = (location: string, ...cookies: string[]) =>
  response(302, '', `Location: ${location}`, ...cookies.map((cookie) => `Set-Cookie: ${cookie}`));
const cookiesOf = (origin: Origin) => origin.requests.map(({ headers }) => headers['cookie']);

test('the cookie of a redirect goes back to its site, even to the same URL, for one fetch', async () => {
  await using origin = await startOrigin((socket, { headers, path }) => {
    if (headers['cookie'] === 'seen=1') socket.write(ok('the page'));
    else socket.write(setCookies(path, 'seen=1; Path=/; HttpOnly'));
  });
  for (let fetch = 0; fetch < 2; fetch++)
    assert.equal((await get(at(origin, '/page'))).body.toString(), 'the page');
  assert.deepEqual(cookiesOf(origin), [undefined, 'seen=1', undefined, 'seen=1']);
});

test('cookies that are taken back, or have no name, are as in browsers', async () => {
  await using origin = await startOrigin((socket, { headers, path }) => {
    const { cookie } = headers;
    if (path === '/nameless') socket.write(cookie === 'seen' ? ok('the page') : setCookies(path, 'seen'));
    else if (origin.requests.length === 1) socket.write(setCookies(path, 'flash=1'));
    else socket.write(cookie === undefined ? ok('the page') : setCookies(path, 'flash=; Max-Age=0'));
  });
  for (const path of ['/flash', '/nameless'])
    assert.equal((await get(at(origin, path))).body.toString(), 'the page');
});

const refresh = ({ body }: { body: Buffer }) => (body.toString() === 'gate' ? '/page' : null);

test('a page that sets a cookie and refreshes itself is asked for with it, and once', async () => {
  for (const accepts of [true, false]) {
    await using origin = await startOrigin((socket, { headers }) =>
      socket.write(
        accepts && headers['cookie'] === 'seen=1'
          ? ok('the page')
          : response(200, 'gate', 'Set-Cookie: seen=1'),
      ),
    );
    const { body } = await get(at(origin, '/page'), { refresh });
    assert.equal(body.toString(), accepts ? 'the page' : 'gate');
    assert.equal(origin.requests.length, 2);
  }
});

test('the same URL with the same cookies is a loop', async () => {
  await using origin = await startOrigin(setCookies('/page', 'seen=1; Path=/'));
  await failure(get(at(origin, '/page')), 'too_many_redirects');
  assert.equal(origin.requests.length, 2);
});

test('a cookie that changes at each visit ends at the limit of redirects', async () => {
  let visits = 0;
  await using origin = await startOrigin((socket) => void socket.write(setCookies('/page', `n=${visits++}`)));
  await failure(get(at(origin, '/page')), 'too_many_redirects');
  assert.equal(origin.requests.length, 11);
});

test('a cookie keeps to its path, its host, its lifetime and to secure connections', async () => {
  const cookies = [
    'all=1; Path=/',
    'deep=1; Path=/deep',
    'other=1; Path=/other',
    'foreign=1; Domain=example.com',
    'past=1; Path=/; Max-Age=0',
  ];
  const chain = (socket: Socket, { path }: RawRequest) => {
    if (path === '/start') socket.write(setCookies('/deep/page', ...cookies));
    else socket.write(path === '/deep/page' ? redirect(at(origin, '/other/', 'localhost')) : ok());
  };
  await using origin: Origin = await startOrigin(chain);
  await get(at(origin, '/start'));
  const [first, second, third] = cookiesOf(origin);
  assert.deepEqual(
    [first, second?.split('; ').toSorted(), third],
    [undefined, ['all=1', 'deep=1'], undefined],
  );
});

test("the caller's cookies stay beside those of the site, which replace them by name", async () => {
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(path === '/' ? setCookies('/next', 'a=new; Path=/', 'c=3; Path=/') : ok()),
  );
  await get(at(origin, '/'), { headers: { Cookie: 'a=old; b=2' } });
  assert.deepEqual(cookiesOf(origin), ['a=old; b=2', 'b=2; a=new; c=3']);
});

test("a caller's cookies go to their domain and path, over https alone where the page is", async () => {
  const answer = (socket: Socket, { path }: RawRequest) => {
    if (path === '/shop/') socket.write(setCookies('/shop/cart', 'basket=new; Path=/'));
    else socket.write(path === '/shop/cart' ? redirect(at(origin, '/', 'other.site.test')) : ok());
  };
  await using origin: Origin = await startOrigin(answer);
  const cookies = new SiteCookies();
  const page = new URL(at(origin, '/shop/', 'shop.site.test'));
  const given = { value: '1', domain: null, path: '/' };
  cookies.give(
    [
      { ...given, name: 'host' },
      { ...given, name: 'basket' },
      { ...given, name: 'domain', domain: '.site.test' },
      { ...given, name: 'deep', path: '/shop/cart' },
    ],
    page,
  );
  cookies.give([{ ...given, name: 'secure' }], new URL('https://other.site.test/'));
  await get(page.href, { cookies });
  const sent = cookiesOf(origin).map((header) => header?.split('; ').toSorted());
  assert.deepEqual(sent, [
    ['basket=1', 'domain=1', 'host=1'],
    ['basket=new', 'deep=1', 'domain=1', 'host=1'],
    ['domain=1'],
  ]);
});

test('a cookie for one host goes to no host under it, though its domain is named', () => {
  const cookies = new SiteCookies();
  const given = { name: '__Host-login', value: '1', domain: 'shop.site.test', path: '/' };
  cookies.give([given], new URL('https://shop.site.test/'));
  assert.deepEqual(
    ['https://shop.site.test/', 'https://at.shop.site.test/'].map((url) =>
      cookies.header(new URL(url), undefined),
    ),
    ['__Host-login=1', undefined],
  );
  assert.deepEqual(cookies.all(), [
    { name: '__Host-login', value: '1', domain: 'shop.site.test', path: '/', secure: true, httpOnly: false },
  ]);
});

test('cookies that are too long or too many are dropped', async () => {
  const many = Array.from({ length: 60 }, (_, index) => `n${index}=1; Path=/`);
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(path === '/' ? setCookies('/next', `long=${'x'.repeat(5000)}; Path=/`, ...many) : ok()),
  );
  await get(at(origin, '/'));
  const sent = cookiesOf(origin)[1]!.split('; ');
  assert.ok(sent.length <= 50 && sent.length >= 40, `${sent.length}`);
  assert.ok(!sent.some((cookie) => cookie.startsWith('long')));
});
