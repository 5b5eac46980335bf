import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createEgress, isRetryable, type Egress, type PageRequest } from '../../../src/egress/index.ts';
import { ProxyError } from '../../../src/egress/upstream/proxy-error.ts';
import { parseUpstream, type Via } from '../../../src/egress/upstream/upstream.ts';
import { createAuthority, type Authority } from '../../support/net/certificates.ts';
import { startDns, type FakeDns } from '../../support/net/dns.ts';
import { causes, failure } from '../../support/checks/failure.ts';
import { ok, redirect, startOrigin, type Origin } from '../../support/net/origin.ts';
import {
  PROXY_ADDRESS,
  startHangingProxy,
  startHttpProxy,
  startSocksProxy,
  type ProxyOptions,
  type TestProxy,
} from '../../support/net/proxy.ts';
import { PRIVATE_HOSTS } from '../../security/private-hosts.ts';
import { createCertificateChain } from './certificate-chain.ts';

const CREDENTIALS = { username: 'us er', password: 'pass:word@%' };

let authority: Authority;
let dns: FakeDns;
let http: Origin;
let https: Origin;
let egress: Egress;
/** Where the connections to the origins came from. */
const seen: (string | undefined)[] = [];
const onConnection = (socket: Socket) => void seen.push(socket.remoteAddress);

before(async () => {
  authority = await createAuthority();
  dns = await startDns({ 'site.test': { a: ['127.0.0.1'] }, 'inside.test': { a: ['10.0.0.1'] } });
  http = await startOrigin((socket, { path }) => socket.write(path === '/moved' ? redirect('/') : ok()), {
    onConnection,
  });
  const certificate = await authority.issue(['site.test', 'localhost', '127.0.0.1']);
  https = await startOrigin(ok(), { certificate, onConnection });
  egress = egressWith(['127.0.0.0/8', '::1']);
});
after(async () => {
  await egress.close();
  for (const server of [http, https, dns]) await server[Symbol.asyncDispose]();
});

function egressWith(allowTargets: string[], ca = authority.ca): Egress {
  return createEgress({ allowTargets, allowWebhooks: [], dnsServers: [dns.server], ca });
}

function via(url: string, options = {}): Via {
  const upstream = parseUpstream(url, options);
  assert.ok(upstream, url);
  return { upstream, timeoutMs: 2000 };
}

const USERINFO = Object.values(CREDENTIALS).map(encodeURIComponent).join(':');
const urlOf = (scheme: string, { port }: TestProxy) => `${scheme}://${USERINFO}@127.0.0.1:${port}`;

async function get(url: string, options: Partial<PageRequest>, from = egress) {
  return await from.fetchPage({ url, userAgent: 'test', timeoutMs: 5000, ...options });
}

/** The three kinds of proxies, each with its scheme. */
async function startAll(more: Partial<ProxyOptions> = {}): Promise<[string, TestProxy][]> {
  const options = { credentials: CREDENTIALS, ...more };
  return [
    ['http', await startHttpProxy(options)],
    ['https', await startHttpProxy({ ...options, certificate: await authority.issue(['127.0.0.1']) })],
    ['socks5', await startSocksProxy(options)],
  ];
}

test('each kind of proxy carries pages, and the site sees no other address', async () => {
  seen.length = 0;
  for (const [scheme, proxy] of await startAll({ pieces: 1 })) {
    await using _ = proxy;
    for (const url of [`http://site.test:${http.port}/moved`, `https://site.test:${https.port}/`])
      assert.equal((await get(url, { via: via(urlOf(scheme, proxy)) })).status, 200, `${scheme} ${url}`);
    const asked = [http.port, https.port].map((port) => `127.0.0.1:${port}`);
    assert.deepEqual([...new Set(proxy.asked)], asked, 'it is asked for the checked address');
  }
  assert.deepEqual([...new Set(seen)], [PROXY_ADDRESS]);
});

test('an IPv6 address is asked for as such', async () => {
  await using origin = await startOrigin(ok(), { host: '::1' });
  for (const [scheme, proxy] of await startAll()) {
    await using _ = proxy;
    await get(`http://[::1]:${origin.port}/`, { via: via(urlOf(scheme, proxy)) });
    assert.deepEqual(proxy.asked, [`[::1]:${origin.port}`], scheme);
  }
});

test('a proxy that resolves names is given the name, and never a private address', async () => {
  await using pages = egressWith([]);
  const site = `http://site.test:${http.port}/`;
  for (const [scheme, proxy] of await startAll({ refusal: () => 'no' })) {
    await using _ = proxy;
    const remote = { via: via(urlOf(scheme, proxy), { resolvesNames: true }) };
    dns.queries.length = 0;
    await failure(get(site, remote, pages), 'proxy_failed');
    assert.deepEqual(proxy.asked, [`site.test:${http.port}`], scheme);
    for (const host of PRIVATE_HOSTS)
      await failure(get(`http://${host}:${http.port}/`, remote, pages), 'blocked_target');
    assert.deepEqual([proxy.asked.length, dns.queries], [1, []]);
  }
});

test('the address policy holds before the proxy', async () => {
  await using pages = egressWith([]);
  await using proxy = await startHttpProxy();
  const options = { via: via(`http://127.0.0.1:${proxy.port}`) };
  for (const host of ['inside.test', 'site.test', '10.0.0.1', '[fd00::1]', 'localhost'])
    await failure(get(`http://${host}/`, options, pages), 'blocked_target');
  assert.equal(proxy.connections, 0);
});

/** What a proxy says in place of a connection, and whether that is its own fault. */
const REFUSALS: [scheme: string, says: string | Buffer, certain: boolean][] = [
  ['http', 'HTTP/1.1 403 Forbidden\r\n\r\n', false],
  ['http', 'HTTP/1.1 503 Busy\r\n\r\n', false],
  ['http', 'SSH-2.0-OpenSSH\r\n\r\n', true],
  ['http', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, true],
  ['http', '', true],
  ['socks5', Buffer.from([5, 2, 0, 1]), false],
  ['socks5', Buffer.from([5, 1]), false],
  ['socks5', Buffer.from([4, 0, 0, 1, 0, 0]), true],
  ['socks5', Buffer.from([5, 0, 0, 9, 0, 0]), true],
  ['socks5', Buffer.from([5, 0, 0]), true],
];

test('a refusal or failure of a proxy has a code of its own', async () => {
  for (const [scheme, says, certain] of REFUSALS) {
    const start = scheme === 'http' ? startHttpProxy : startSocksProxy;
    await using proxy = await start({ credentials: CREDENTIALS, refusal: () => says });
    const options = { via: via(urlOf(scheme, proxy)) };
    const error = await failure(get(`http://site.test:${http.port}/`, options), 'proxy_failed');
    assert.ok(error.cause instanceof ProxyError && isRetryable(error));
    assert.equal(error.cause.certain, certain, String(says));
  }
});

test('errors distinguish a proxy that refuses the password, is away or hangs, and show no password', async () => {
  const wrong = { username: 'us er', password: 'another' };
  for (const [scheme, proxy] of await startAll({ credentials: wrong })) {
    await using _ = proxy;
    const url = urlOf(scheme, proxy);
    const error = await failure(get(`http://site.test:${http.port}/`, { via: via(url) }), 'proxy_failed');
    assert.match(causes(error), /refuses the user name and password/);
    for (const secret of [CREDENTIALS.password, USERINFO, btoa(Object.values(CREDENTIALS).join(':'))])
      assert.ok(!causes(error).includes(secret));
    await proxy[Symbol.asyncDispose]();
    const away = await failure(get(`http://site.test:${http.port}/`, { via: via(url) }), 'proxy_failed');
    assert.match(causes(away), /cannot be reached/);
  }
  await using hanging = await startHangingProxy();
  for (const scheme of ['http', 'https', 'socks5']) {
    const options = { via: { ...via(urlOf(scheme, hanging)), timeoutMs: 100 } };
    const error = await failure(get(`http://site.test:${http.port}/`, options), 'proxy_failed');
    assert.match(causes(error), /not answer/);
  }
});

test('a site that the proxy cannot reach is no fault of the proxy', async () => {
  const unused = await startOrigin(ok());
  await unused[Symbol.asyncDispose]();
  for (const [scheme, proxy] of await startAll()) {
    await using _ = proxy;
    const options = { via: via(urlOf(scheme, proxy)) };
    await failure(get(`http://127.0.0.1:${unused.port}/`, options), 'connection_failed');
  }
});

test('a connection through a proxy serves no request that takes another way', async () => {
  await using proxy = await startHttpProxy();
  await using other = await startHttpProxy();
  const url = `http://localhost:${http.port}/`;
  const earlier = http.connections;
  const ways = [proxy, other].map(({ port }) => via(`http://127.0.0.1:${port}`));
  for (let round = 0; round < 2; round++) for (const way of [null, ...ways]) await get(url, { via: way });
  assert.equal(http.connections, earlier + 3);
});

test("the issuer of a site's certificate is fetched through the proxy too", async () => {
  const addresses: (string | undefined)[] = [];
  let certificate: Buffer = Buffer.alloc(0);
  const answer = (socket: Socket) => {
    addresses.push(socket.remoteAddress);
    socket.end(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), certificate]));
  };
  await using issuers = await startOrigin(answer);
  const chain = await createCertificateChain(`http://127.0.0.1:${issuers.port}/issuer.cer`);
  certificate = chain.intermediate;
  await using site = await startOrigin(ok(), { certificate: chain.leaf });
  await using pages = egressWith(['127.0.0.0/8'], chain.ca);
  await using proxy = await startSocksProxy();
  const options = { via: via(`socks5://127.0.0.1:${proxy.port}`) };
  assert.equal((await get(`https://127.0.0.1:${site.port}/`, options, pages)).status, 200);
  assert.deepEqual(addresses, [PROXY_ADDRESS]);
});

test('proxies are read from URLs, and only from those', () => {
  const parsed = parseUpstream('SOCKS5://us%20er:p%40ss@EXAMPLE.com');
  assert.deepEqual(parsed, {
    scheme: 'socks5',
    hostname: 'example.com',
    port: 1080,
    credentials: { username: 'us er', password: 'p@ss' },
    guarded: false,
    resolvesNames: false,
  });
  const ports = ['http://a.test', 'https://a.test', 'socks5://a.test:80', 'socks5://a.test:443'];
  assert.deepEqual(
    ports.map((url) => parseUpstream(url)?.port),
    [80, 443, 80, 443],
  );
  const wrong = [
    'a.test:80',
    'ftp://a.test',
    'http://',
    'http://a.test/path',
    'http://a.test?x',
    'http://%zz@a.test',
  ];
  wrong.push(`http://${'u'.repeat(256)}@a.test`, 'http://a.test:0', 'http://a.test:70000', 'http://a b', '');
  for (const url of wrong) assert.equal(parseUpstream(url), null, url);
});
