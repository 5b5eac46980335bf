import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { createSecureContext } from 'node:tls';
import { Agent, setGlobalDispatcher, getGlobalDispatcher } from 'undici';
import { AddressPolicy, CidrList } from '../../../src/egress/connect/address.ts';
import { openSocket } from '../../../src/egress/connect/connector.ts';
import { createEgress, isRetryable, type Egress } from '../../../src/egress/index.ts';
import { createAuthority, type Authority } from '../../support/net/certificates.ts';
import { startDns, type DnsAnswer, type FakeDns } from '../../support/net/dns.ts';
import { causes, failure } from '../../support/checks/failure.ts';
import { ok, redirect, startOrigin, type Origin } from '../../support/net/origin.ts';

const PUBLIC = '93.184.215.14';
const LOOPBACK = ['127.0.0.0/8'];

let authority: Authority;
let dns: FakeDns;
let http: Origin;
let https: Origin;

before(async () => {
  authority = await createAuthority();
  dns = await startDns();
  http = await startOrigin(ok());
  https = await startOrigin(ok(), {
    certificate: await authority.issue(['hook.test', 'localhost', '127.0.0.1']),
  });
});
after(async () => {
  await dns.close();
  await http[Symbol.asyncDispose]();
  await https[Symbol.asyncDispose]();
});

function egressWith(allow: { targets?: string[]; webhooks?: string[] }): Egress {
  return createEgress({
    allowTargets: allow.targets ?? [],
    allowWebhooks: allow.webhooks ?? [],
    dnsServers: [dns.server],
    ca: authority.ca,
  });
}
const page = (url: string) => ({ url, userAgent: 'test', timeoutMs: 5000 });
const hook = (url: string) => ({ url, headers: {}, body: Buffer.from('{}'), timeoutMs: 5000 });

function name(host: string, answer: DnsAnswer): void {
  dns.zone.set(host, answer);
}

test('if any answer is not public the name is refused, and nothing is connected to', async () => {
  await using egress = egressWith({});
  const answers: Record<string, DnsAnswer> = {
    'private.test': { a: ['10.0.0.1'] },
    'metadata.test': { a: ['169.254.169.254'] },
    'mixed.test': { a: [PUBLIC, '127.0.0.1'] },
    'last.test': { a: [PUBLIC, PUBLIC, '192.168.0.1'] },
    'v6.test': { a: [PUBLIC], aaaa: ['2606:4700::1', '::1'] },
    'mapped.test': { aaaa: ['::ffff:127.0.0.1'] },
    'nat64.test': { aaaa: ['64:ff9b::7f00:1'] },
    'alias.test': { cname: 'inside.test', a: ['127.0.0.1'] },
    'zero.test': { a: ['0.0.0.0'] },
  };
  const connectionsBefore = http.connections + https.connections;
  for (const [host, answer] of Object.entries(answers)) {
    name(host, answer);
    await failure(egress.fetchPage(page(`http://${host}:${http.port}/`)), 'blocked_target');
    await failure(egress.post(hook(`https://${host}:${https.port}/`)), 'blocked_target');
    assert.deepEqual(
      await egress.checkWebhookUrl(`https://${host}/`),
      { ok: false, reason: 'blocked_target' },
      host,
    );
  }
  assert.equal(http.connections + https.connections, connectionsBefore);
});

test('an address that is not public is refused as an IP literal too', async () => {
  await using egress = egressWith({});
  for (const host of ['127.0.0.1', '0x7f.1', '[::1]', '[::ffff:7f00:1]', 'localhost', 'a.localhost']) {
    await failure(egress.fetchPage(page(`http://${host}:${http.port}/`)), 'blocked_target');
    await failure(egress.post(hook(`https://${host}:${https.port}/`)), 'blocked_target');
  }
});

test('the name is resolved once for a connection, which goes to the address that was checked', async () => {
  await using egress = egressWith({ targets: LOOPBACK });
  let queries = 0;
  name('rebind.test', () => ({ a: [queries++ === 0 ? '127.0.0.1' : '10.0.0.1'] }));
  const { status } = await egress.fetchPage(page(`http://rebind.test:${http.port}/`));
  assert.equal(status, 200);
  assert.equal(dns.queries.filter((query) => query.name === 'rebind.test' && query.type === 'A').length, 1);
});

test('a name that changes to a private address is refused at the next connection', async () => {
  await using origin = await startOrigin((socket) => socket.end(ok('ok', 'Connection: close')));
  await using egress = egressWith({ targets: LOOPBACK });
  name('turncoat.test', { a: ['127.0.0.1'] });
  await egress.fetchPage(page(`http://turncoat.test:${origin.port}/`));
  name('turncoat.test', { a: ['10.0.0.1'] });
  await failure(egress.fetchPage(page(`http://turncoat.test:${origin.port}/`)), 'blocked_target');
});

test('the remote address is checked again after connecting', async () => {
  class TrustsOnce extends AddressPolicy {
    #asked = 0;
    override permits(): boolean {
      return this.#asked++ === 0;
    }
  }
  const options = {
    policy: new TrustsOnce(new CidrList([])),
    resolve: async () => ['127.0.0.1'],
    secureContext: createSecureContext(),
    issuers: null,
  };
  const target = {
    origin: 'http://once.test',
    authority: 'once.test',
    secure: false,
    hostname: 'once.test',
    rooted: false,
    skipTlsVerification: false,
    via: null,
    port: http.port,
  };
  const timings = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: null };
  const error = await failure(
    openSocket({ target, timings, payer: null }, options, new AbortController().signal),
    'blocked_target',
  );
  assert.match(causes(error), /connected to 127\.0\.0\.1/);
});

test('ALLOW_PRIVATE_TARGETS opens pages and never webhooks', async () => {
  await using egress = egressWith({ targets: [...LOOPBACK, '::1'] });
  name('hook.test', { a: ['127.0.0.1'] });
  for (const host of ['localhost', '127.0.0.1', 'hook.test']) {
    assert.equal((await egress.fetchPage(page(`https://${host}:${https.port}/`))).status, 200);
    await failure(egress.post(hook(`https://${host}:${https.port}/`)), 'blocked_target');
    assert.deepEqual(await egress.checkWebhookUrl(`https://${host}:${https.port}/`), {
      ok: false,
      reason: 'blocked_target',
    });
  }
});

test('ALLOW_PRIVATE_WEBHOOKS opens webhooks and never pages', async () => {
  await using egress = egressWith({ webhooks: LOOPBACK });
  name('hook.test', { a: ['127.0.0.1'] });
  for (const host of ['localhost', '127.0.0.1', 'hook.test']) {
    assert.equal((await egress.post(hook(`https://${host}:${https.port}/`))).status, 200);
    assert.deepEqual(await egress.checkWebhookUrl(`https://${host}:${https.port}/`), { ok: true });
    await failure(egress.fetchPage(page(`https://${host}:${https.port}/`)), 'blocked_target');
    assert.deepEqual(egress.checkPageUrl(`https://127.0.0.1:${https.port}/`), {
      ok: false,
      reason: 'blocked_target',
    });
  }
});

test('each hop of a redirect is checked like the first', async () => {
  await using egress = egressWith({ targets: ['127.0.0.1/32'] });
  name('inside.test', { a: ['10.0.0.1'] });
  const targets = [
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://10.0.0.1/',
    'http://inside.test/',
    '//127.0.0.2/',
    'http://0xa9fea9fe/',
    'http://u:p@127.0.0.1/',
    'http://127.0.0.1:22/',
    'http://127.0.0.1:6379/',
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'gopher://127.0.0.1/',
    'data:text/html,x',
  ];
  for (const target of targets) {
    await using origin = await startOrigin((socket, { path }) =>
      socket.write(path === '/' ? redirect('/second') : redirect(target)),
    );
    await failure(egress.fetchPage(page(`http://127.0.0.1:${origin.port}/`)), 'blocked_target');
    assert.equal(origin.requests.length, 2, target);
  }
});

test('webhooks follow no redirect', async () => {
  await using target = await startOrigin(ok(), { certificate: await authority.issue(['127.0.0.1']) });
  await using egress = egressWith({ webhooks: LOOPBACK });
  for (const status of [301, 302, 303, 307, 308]) {
    await using origin = await startOrigin(redirect(`https://127.0.0.1:${target.port}/`, status), {
      certificate: await authority.issue(['127.0.0.1']),
    });
    assert.equal((await egress.post(hook(`https://127.0.0.1:${origin.port}/`))).status, status);
    assert.equal(origin.requests.length, 1);
  }
  assert.equal(target.connections, 0);
});

test('webhooks: only https, no userinfo, the same ports', async () => {
  await using egress = egressWith({ webhooks: LOOPBACK });
  const cases = {
    'http://example.com/': 'not_https',
    'ftp://example.com/': 'not_https',
    nonsense: 'invalid',
    'https://u:p@example.com/': 'userinfo',
    'https://example.com:22/': 'port',
    'https://example.com:6379/': 'port',
    'https://10.0.0.1/': 'blocked_target',
    'https://[::1]/': 'blocked_target',
  };
  for (const [url, reason] of Object.entries(cases)) {
    assert.deepEqual(await egress.checkWebhookUrl(url), { ok: false, reason }, url);
    await failure(egress.post(hook(url)), 'blocked_target');
  }
});

test('a webhook host that does not resolve, or not in time, is accepted when it is created', async () => {
  await using egress = egressWith({});
  name('hole.test', { fail: 'DROP' });
  name('broken.test', { fail: 'SERVFAIL' });
  for (const host of ['missing.test', 'broken.test', 'hole.test'])
    assert.deepEqual(await egress.checkWebhookUrl(`https://${host}/`), { ok: true }, host);
});

test('names that do not resolve: missing ones are not worth a retry, failing servers are', async () => {
  await using egress = egressWith({});
  name('broken.test', { fail: 'SERVFAIL' });
  name('empty.test', {});
  const cases = {
    'missing.test': false,
    'empty.test': false,
    'broken.test': true,
    [`${'a'.repeat(64)}.test`]: false,
  };
  for (const [host, retryable] of Object.entries(cases)) {
    assert.equal(
      isRetryable(await failure(egress.fetchPage(page(`http://${host}/`)), 'dns_failed')),
      retryable,
      host,
    );
    assert.equal(
      isRetryable(await failure(egress.post(hook(`https://${host}/`)), 'dns_failed')),
      retryable,
      host,
    );
  }
});

test('one family of addresses is enough', async () => {
  await using egress = egressWith({ targets: [...LOOPBACK, '::1'] });
  await using v6 = await startOrigin(ok(), { host: '::1' });
  name('only6.test', { aaaa: ['::1'] });
  name('half.test', ({ type }) => (type === 'A' ? { a: ['127.0.0.1'] } : { fail: 'SERVFAIL' }));
  name('silent6.test', ({ type }) => (type === 'A' ? { a: ['127.0.0.1'] } : { fail: 'DROP' }));
  assert.equal((await egress.fetchPage(page(`http://only6.test:${v6.port}/`))).status, 200);
  await using secure6 = await startOrigin(ok(), { host: '::1', certificate: await authority.issue(['::1']) });
  assert.equal((await egress.fetchPage(page(`https://[::1]:${secure6.port}/`))).status, 200);
  assert.equal((await egress.fetchPage(page(`http://half.test:${http.port}/`))).status, 200);
  assert.equal(
    (await egress.fetchPage({ ...page(`http://silent6.test:${http.port}/`), timeoutMs: 10_000 })).status,
    200,
  );
});

test('the next address is tried where one does not answer', async () => {
  await using egress = egressWith({ targets: [...LOOPBACK, '::1'] });
  name('two.test', { a: ['127.0.0.2', '127.0.0.1'], aaaa: ['::1'] });
  assert.equal((await egress.fetchPage(page(`http://two.test:${http.port}/`))).status, 200);
});

test('a refusal says one opaque code; the address goes only to the log', async () => {
  await using egress = egressWith({});
  name('inside.test', { a: ['10.20.30.40'] });
  for (const work of [
    egress.fetchPage(page('http://inside.test/')),
    egress.post(hook('https://inside.test/')),
  ]) {
    const error = await failure(work, 'blocked_target');
    assert.equal(error.message, 'The address is not public.');
    assert.equal(error.remoteAddress, null);
    assert.ok(!JSON.stringify(error).includes('10.20.30.40'));
    assert.match(causes(error), /10\.20\.30\.40/);
  }
});

test('never the global dispatcher, never a proxy from the environment', async () => {
  await using egress = egressWith({ targets: LOOPBACK, webhooks: LOOPBACK });
  let proxied = 0;
  const proxy = createServer((socket) => socket.destroy(void proxied++));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  assert.ok(address !== null && typeof address === 'object');
  const hostile: Record<string, string> = {
    NODE_USE_ENV_PROXY: '1',
    NO_PROXY: '',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  };
  for (const variable of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])
    hostile[variable] = `http://127.0.0.1:${address.port}`;
  Object.assign(process.env, hostile);
  const dispatcher = getGlobalDispatcher();
  const destroyed = new Agent();
  await destroyed.destroy();
  setGlobalDispatcher(destroyed);
  try {
    assert.equal((await egress.fetchPage(page(`http://localhost:${http.port}/`))).status, 200);
    assert.equal((await egress.post(hook(`https://localhost:${https.port}/`))).status, 200);
    await using stranger = await startOrigin(ok(), {
      certificate: await (await createAuthority()).issue(['127.0.0.1']),
    });
    await failure(egress.post(hook(`https://127.0.0.1:${stranger.port}/`)), 'tls_failed');
  } finally {
    setGlobalDispatcher(dispatcher);
    for (const variable of Object.keys(hostile)) delete process.env[variable];
    proxy.close();
  }
  assert.equal(proxied, 0);
});
