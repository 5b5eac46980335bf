import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PAGE_ERRORS } from '../../../src/scrape/types.ts';
import { createAuthority } from '../../support/net/certificates.ts';
import { startDns, type FakeDns } from '../../support/net/dns.ts';
import { listen } from '../../support/net/listen.ts';
import { startReceiver } from '../../support/receiver.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite, type Site } from '../../support/site.ts';

/** Begins like gzip, and has a wrong byte where the first block of data says what kind it is. */
function damagedGzip(): Buffer {
  const bytes = gzipSync('a page of some length '.repeat(100));
  bytes[10] = 0xff;
  return bytes;
}

let service: TestService;
let site: Site;
let dns: FakeDns;
/** A port on which somebody listened a moment ago. */
let unused: number;
before(async () => {
  const server = createServer();
  unused = await listen(server);
  server.close();
  dns = await startDns({ 'inside.test': { a: ['10.0.0.7'] }, 'outside.test': { a: ['127.0.0.1'] } });
  service = await startTestService({ DNS_SERVERS: dns.server });
  site = await startSite({
    '/': page('Home', 'Hello.'),
    '/to-inside': { status: 302, headers: { location: 'http://10.0.0.1/' } },
    '/to-metadata': { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' } },
    '/to-file': { status: 302, headers: { location: 'file:///etc/passwd' } },
    '/loop': { status: 302, headers: { location: '/loop' } },
    '/image': { headers: { 'content-type': 'image/png' }, body: Buffer.from([0x89, 0x50, 0x4e, 0x47]) },
    '/broken-gzip': { headers: { 'content-encoding': 'gzip' }, body: damagedGzip() },
    '/never': () => {},
    '/reset': (req) => void req.socket.resetAndDestroy(),
    '/huge': (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/html' });
      const chunk = 'x'.repeat(1024 * 1024);
      const write = () => {
        while (!res.destroyed && res.write(chunk));
      };
      res.on('drain', write);
      write();
    },
    '/robots.txt': {
      headers: { 'content-type': 'text/plain' },
      body: 'User-agent: *\nDisallow: /disallowed\n',
    },
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await dns.close();
});

async function errorOf(url: string, options: object = {}) {
  const { status, json } = await service.api('POST', '/v1/scrape', { url, ...options });
  assert.equal(status, 200);
  assert.ok(json.status === 'failed' || json.status === 'skipped', json.status);
  const { code, message } = json.error;
  if (code === 'blocked_target')
    assert.match(message, /^The (?:address is not public|port is not one|URL is not one)/);
  else assert.equal(message, new Map<string, string>(Object.entries(PAGE_ERRORS)).get(code));
  return json;
}

/** What the caller asks for, and the code that the page block then carries. */
const EXPECTED: [string, () => string, object, string][] = [
  ['a private address', () => 'http://10.0.0.1/', {}, 'blocked_target'],
  ['a private address in another notation', () => 'http://0xA000001/', {}, 'blocked_target'],
  ['the metadata service of a cloud', () => 'http://169.254.169.254/latest/', {}, 'blocked_target'],
  ['a name that resolves to a private address', () => 'http://inside.test/', {}, 'blocked_target'],
  ['a redirect to a private address', () => site.url('/to-inside'), {}, 'blocked_target'],
  ['a redirect to the metadata service', () => site.url('/to-metadata'), {}, 'blocked_target'],
  ['a name that does not exist', () => 'http://gone.test/', {}, 'dns_failed'],
  ['a port that no web server has', () => 'http://127.0.0.1:22/', {}, 'blocked_target'],
  ['a port on which nobody listens', () => `http://127.0.0.1:${unused}/`, {}, 'connection_failed'],
  ['a connection that is reset', () => site.url('/reset'), {}, 'connection_failed'],
  ['a page that never comes', () => site.url('/never'), { timeout_ms: 300 }, 'timeout'],
  ['a redirect loop', () => site.url('/loop'), {}, 'too_many_redirects'],
  ['a body that is damaged in its coding', () => site.url('/broken-gzip'), {}, 'invalid_response'],
  ['a picture', () => site.url('/image'), {}, 'unsupported_content_type'],
  ['a page without end', () => site.url('/huge'), {}, 'too_large'],
  [
    'a private address, robots.txt respected',
    () => 'http://10.0.0.1/',
    { respect_robots: true },
    'blocked_target',
  ],
  [
    'a name that does not exist, robots.txt respected',
    () => 'http://gone.test/',
    { respect_robots: true },
    'dns_failed',
  ],
  ['a page that robots.txt disallows', () => site.url('/disallowed'), { respect_robots: true }, 'robots'],
];

for (const [what, url, options, code] of EXPECTED) {
  test(`${what}: ${code}`, async () => {
    assert.equal((await errorOf(url(), options)).error.code, code);
  });
}

test('a redirect to another scheme is not followed', async () => {
  const json = await errorOf(site.url('/to-file'));
  assert.ok(['blocked_target', 'invalid_response'].includes(json.error.code), json.error.code);
});

test('a certificate that nobody vouches for: tls_failed', async () => {
  const stranger = await createAuthority();
  await using untrusted = await startReceiver({ certificate: await stranger.issue(['127.0.0.1']) });
  const { json } = await service.api('POST', '/v1/scrape', { url: untrusted.url() });
  assert.deepEqual(json.error, {
    code: 'tls_failed',
    message: 'The TLS certificate comes from an authority that is not trusted.',
  });
  assert.equal(untrusted.callbacks.length, 0);
  await using trusted = await startSite({ '/': page('Safe', 'text') }, { secure: true });
  assert.equal((await service.api('POST', '/v1/scrape', { url: trusted.url('/') })).json.status, 'ok');
});

test('a target that is refused names the rule that forbids it', async () => {
  const rules: [string, RegExp][] = [
    ['http://10.0.0.1/', /not public.*ALLOW_PRIVATE_TARGETS/],
    ['http://inside.test/', /not public.*ALLOW_PRIVATE_TARGETS/],
    [site.url('/to-inside'), /not public.*ALLOW_PRIVATE_TARGETS/],
    ['http://127.0.0.1:22/', /port.*80, 443/],
    ['http://93.184.216.34:6379/', /port.*80, 443/],
  ];
  for (const [url, message] of rules) assert.match((await errorOf(url)).error.message, message, url);
});

test('an answer that is not HTTP: invalid_response', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.end('SSH-2.0-OpenSSH_9.6\r\n');
  });
  const port = await listen(server);
  try {
    assert.equal((await errorOf(`http://127.0.0.1:${port}/`)).error.code, 'invalid_response');
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test('a failed page says what it knows and no more, and nothing of it is in the block', async () => {
  const { json } = await service.api('POST', '/v1/scrape', { url: 'http://inside.test/' });
  assert.deepEqual(
    { ...json, fetched_at: '', duration_ms: 0 },
    {
      url: 'http://inside.test/',
      final_url: null,
      status: 'failed',
      http_status: null,
      content_type: null,
      metadata: { title: null, description: null, language: null, canonical_url: null },
      block: null,
      error: {
        code: 'blocked_target',
        message: 'The address is not public. The operator may open its network with ALLOW_PRIVATE_TARGETS.',
      },
      fetched_at: '',
      duration_ms: 0,
    },
  );
  assert.ok(!JSON.stringify(json).includes('10.0.0.7'));
});

test('without ALLOW_PRIVATE_TARGETS loopback is refused, by address and by name', async () => {
  await using strict = await startTestService({ ALLOW_PRIVATE_TARGETS: '', DNS_SERVERS: dns.server });
  const port = new URL(site.origin).port;
  const urls = [
    site.url('/'),
    `http://localhost:${port}/`,
    `http://outside.test:${port}/`,
    `http://[::1]:${port}/`,
  ];
  const { json } = await strict.api('POST', '/v1/scrape/batch', { urls });
  assert.deepEqual(
    json.pages.map((p: { error: { code: string } }) => p.error.code),
    urls.map(() => 'blocked_target'),
  );
});
