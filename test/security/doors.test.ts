import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { after, before, test } from 'node:test';
import { append } from '../../src/webhooks/outbox/append.ts';
import { createEgress, TARGET_RULES } from '../../src/egress/index.ts';
import { readCertificate } from '../support/net/certificates.ts';
import { startDns, type DnsAnswer, type FakeDns } from '../support/net/dns.ts';
import { testRun } from '../support/environment.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import {
  carriersOfIpv4,
  publicIpv4,
  PUBLIC_IPV6,
  SPECIAL_IPV4,
  SPECIAL_IPV6,
  SPELLINGS_OF_LOOPBACK_IPV6,
  spellingsOfIpv4,
} from './addresses.ts';
import { startCanaries, type Canaries } from './canaries.ts';

/** The operator allows four loopback addresses; all others are canaries. */
const ALLOWED = '127.0.0.4/30';
const OPEN = ['127.0.0.5', '127.0.0.4', '127.0.0.7'];
const GUARDED = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.8', '127.255.255.254', '::1'];
/** Ports of well-known services on the open address. */
const SERVICE_PORTS = [2375, 5432, 6379, 11211];

const literal = (address: string) => (address.includes(':') ? `[${address}]` : address);

/** Addresses as the host of a URL, each once. */
const ADDRESSES = [
  ...SPECIAL_IPV4.flat(),
  ...SPECIAL_IPV6.flat().map(literal),
  ...GUARDED.map(literal),
  '169.254.169.254',
  '100.100.100.200',
  '[fd00:ec2::254]',
];
const SPELLINGS = [
  ...['127.0.0.2', '127.0.0.8', '10.0.0.1', '169.254.169.254', '0.0.0.0'].flatMap(spellingsOfIpv4),
  ...['127.0.0.2', '169.254.169.254', '8.8.8.8'].flatMap(carriersOfIpv4),
  ...SPELLINGS_OF_LOOPBACK_IPV6,
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'ｌocalhost',
];

/** Harmless-looking names. DNS gives each at least one address that is not allowed. */
const NAMES: Record<string, DnsAnswer> = {
  loopback: { a: ['127.0.0.2'] },
  private: { a: ['10.0.0.1'] },
  metadata: { a: ['169.254.169.254'] },
  zero: { a: ['0.0.0.0'] },
  mixed: { a: ['127.0.0.5', '127.0.0.2'] },
  'mixed-last': { a: ['127.0.0.5', '127.0.0.4', '127.0.0.7', '127.0.0.8'] },
  'also-six': { a: ['127.0.0.5'], aaaa: ['::1'] },
  'also-local': { a: ['127.0.0.5'], aaaa: ['fe80::1'] },
  'only-six': { aaaa: ['::1'] },
  mapped: { aaaa: ['::ffff:127.0.0.2'] },
  nat64: { aaaa: ['64:ff9b::7f00:2'] },
  '6to4': { aaaa: ['2002:7f00:2::'] },
  'alias-localhost': { cname: 'localhost', a: ['127.0.0.1'] },
  'alias-metadata': { cname: 'metadata.internal', a: ['169.254.169.254'] },
};
const DOMAIN = 'door.test';
const names = Object.keys(NAMES).map((name) => `${name}.${DOMAIN}`);
/** Each answer differs from the one before: allowed, a canary, allowed, … */
const REBINDING = Array.from({ length: 8 }, (_, n) => `rebinding-${n}.${DOMAIN}`);

let canaries: Canaries;
let dns: FakeDns;
let service: TestService;
/** Requests to the site for one of the targets. */
const reached: string[] = [];

const hosts = [...ADDRESSES, ...SPELLINGS, ...names];
/** One target of each kind. */
const fewHosts = [...ADDRESSES, ...SPELLINGS.filter((_, n) => n % 20 === 0), ...names];
const urlOf = (host: string, scheme = 'http') => `${scheme}://${host}:${canaries.port}/target`;
const at = (path: string, host = OPEN[0]) => `http://${host}:${canaries.port}${path}`;
const targets = (scheme = 'http') => [
  ...hosts.map((host) => urlOf(host, scheme)),
  ...SERVICE_PORTS.map((port) => `${scheme}://${OPEN[0]}:${port}/target`),
];
const fewTargets = (scheme?: string) => [
  ...fewHosts.map((host) => urlOf(host, scheme)),
  ...targets(scheme).slice(-SERVICE_PORTS.length),
];

before(async () => {
  dns = await startDns();
  const zone = Object.entries(NAMES);
  for (const [name, answer] of zone) dns.zone.set(`${name}.${DOMAIN}`, answer);
  for (const name of REBINDING) {
    let queries = 0;
    dns.zone.set(name, ({ type }) =>
      type === 'A' ? { a: [queries++ % 2 === 0 ? '127.0.0.5' : '127.0.0.2'] } : {},
    );
  }
  canaries = await startCanaries(answerAsSite, { open: OPEN, guarded: GUARDED, ports: SERVICE_PORTS });
  service = await startTestService({
    DNS_SERVERS: dns.server,
    ALLOW_PRIVATE_TARGETS: ALLOWED,
    ALLOW_PRIVATE_WEBHOOKS: ALLOWED,
    WEBHOOK_RETRY_SCHEDULE: '0',
    HOST_CONCURRENCY: '32',
  });
  dns.zone.set(DOMAIN, { a: ['127.0.0.5'] });
  // Over all open addresses: connections to one are limited, whatever names lead there.
  for (const n of targets().keys()) dns.zone.set(`robots-${n}.${DOMAIN}`, { a: [OPEN[n % OPEN.length]!] });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await canaries[Symbol.asyncDispose]();
  await dns.close();
});

/** A site where every path leads to the targets in another way. */
function answerAsSite(req: IncomingMessage, res: ServerResponse): void {
  const [, door = '', number = ''] = (req.url ?? '').split('/');
  const target = targets()[parseInt(number)] ?? '';
  const html = (text: string) => res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);
  const redirect = (to: string) => res.writeHead(302, { location: Buffer.from(to).toString('latin1') }).end();
  if (door === 'target') reached.push(req.headers.host ?? '');
  if (door === 'redirect') return void redirect(target);
  if (door === 'refresh') return void html(`<meta http-equiv="refresh" content="0; url=${target}">`);
  if (door === 'canonical') return void html(canonicalPage(target));
  if (door === 'links')
    return void html(page('Links', 'Out of here.', [...targets(), ...REBINDING.map((name) => urlOf(name))]));
  if (door === 'robots.txt') {
    const [, robots] = /^robots-(\d+)\./.exec(req.headers.host ?? '') ?? [];
    if (robots !== undefined) return void redirect(targets()[Number(robots)]!);
    const first = Number(/^\D+(\d+)/.exec(req.headers.host ?? '')?.[1] ?? NaN);
    const part = Number.isNaN(first) ? [] : targets().slice(first, first + 150);
    const own = `http://${req.headers.host}/index.xml`;
    res.writeHead(200, { 'content-type': 'text/plain' });
    return void res.end([own, ...part].map((url) => `Sitemap: ${url}\n`).join(''));
  }
  if (door === 'index.xml') return void res.end(sitemapIndex(req.headers.host!));
  if (door === 'entries.xml')
    return void res.end(sitemap(names.concat(REBINDING).map((name) => urlOf(name))));
  html(page('Home', 'Hello.'));
}

function canonicalPage(url: string): string {
  return `<!doctype html><html><head><title>Canonical</title><link rel="canonical" href="${url}"><base href="${url}">
<meta property="og:url" content="${url}"><link rel="stylesheet" href="${url}"><link rel="amphtml" href="${url}">
<script src="${url}"></script></head><body><p>Hello, <img src="${url}"></p>
<iframe src="${url}"></iframe><object data="${url}"></object></body></html>`;
}

const sitemap = (urls: string[]) =>
  `<?xml version="1.0"?><urlset>${urls.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`;

/** Sitemaps of the same host that redirect to the targets, and one whose pages are the targets. */
function sitemapIndex(host: string): string {
  const own = targets().map((_, n) => `http://${host}/redirect/${n}`);
  const all = [`http://${host}/entries.xml`, ...fewTargets(), ...own].slice(0, 190);
  return `<?xml version="1.0"?><sitemapindex>${all.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join('')}</sitemapindex>`;
}

/** The error codes of a batch's pages (`ok` for success), each with its number of pages. */
async function codesOf(urls: string[], options: object = {}): Promise<Record<string, number>> {
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls, ...options });
  const { result } = await service.api.finished(job_id);
  const codes: Record<string, number> = {};
  for (const { status, error } of result.pages as { status: string; error: { code: string } | null }[]) {
    const code = error?.code ?? status;
    codes[code] = (codes[code] ?? 0) + 1;
  }
  return codes;
}

function assertUntouched(): void {
  assert.deepEqual(canaries.connections, [], 'a canary was reached');
  assert.deepEqual(reached, [], 'the site was asked for a target');
}

async function assertLettingNeighboursIn(): Promise<void> {
  assert.deepEqual(await codesOf(OPEN.map((host) => at('/', host))), { ok: OPEN.length });
}

test('the canaries sing: every connection is noticed', async () => {
  await fetch(`http://127.0.0.2:${canaries.port}/`).catch(() => {});
  assert.deepEqual(canaries.connections, [`127.0.0.2 ${canaries.port}`]);
  canaries.connections.length = 0;
});

test('every spelling is one that the URL parser takes for the address', () => {
  for (const address of ['127.0.0.2', '10.0.0.1', '169.254.169.254', '0.0.0.0'])
    for (const spelling of spellingsOfIpv4(address))
      assert.equal(URL.parse(`http://${spelling}/`)?.hostname, address, spelling);
  for (const spelling of SPELLINGS_OF_LOOPBACK_IPV6)
    assert.equal(URL.parse(`http://${spelling}/`)?.hostname, '[::1]', spelling);
  for (const host of hosts) assert.ok(URL.canParse(`http://${host}:1/`), host);
});

test('public neighbours of every block pass, as page and as webhook', async () => {
  await using egress = createEgress({ allowTargets: [], allowWebhooks: [] });
  const neighbours = [...publicIpv4(), ...PUBLIC_IPV6.map(literal)];
  assert.ok(neighbours.length > 30);
  for (const host of neighbours) {
    assert.deepEqual(egress.checkPageUrl(`http://${host}/`), { ok: true }, host);
    assert.deepEqual(await egress.checkWebhookUrl(`https://${host}/`), { ok: true }, host);
  }
});

test('the door of a queued batch', async () => {
  assert.deepEqual(await codesOf(targets()), { blocked_target: targets().length });
  assertUntouched();
  await assertLettingNeighboursIn();
});

test('the door of a batch that is answered at once', async () => {
  const all = targets();
  for (let from = 0; from < all.length; from += 100) {
    const urls = all.slice(from, from + 100);
    const { json } = await service.api('POST', '/v1/scrape/batch', { urls });
    assert.deepEqual([json.succeeded, json.failed], [0, urls.length]);
    for (const { error } of json.pages) assert.equal(error.code, 'blocked_target');
  }
  assertUntouched();
});

test('the door of a single page, and all that its caller hears', async () => {
  // The rule is told, which the caller can see by the URL; nothing tells one address from another.
  const heard = { port: new Set<string>(), address: new Set<string>() };
  for (const url of fewTargets()) {
    const { json } = await service.api('POST', '/v1/scrape', { url });
    const { url: asked, fetched_at: _at, duration_ms: _ms, ...rest } = json;
    assert.equal(asked, url);
    assert.equal(rest.error.code, 'blocked_target');
    const rule = rest.error.message.startsWith(TARGET_RULES.port_not_allowed) ? 'port' : 'address';
    heard[rule].add(JSON.stringify(rest));
  }
  assert.deepEqual([heard.port.size, heard.address.size], [1, 1], JSON.stringify([...heard.address]));
  assertUntouched();
});

test('the door of a name that DNS keeps silent about', async () => {
  dns.zone.set(`hole.${DOMAIN}`, { fail: 'DROP' });
  const { json } = await service.api('POST', '/v1/scrape', { url: urlOf(`hole.${DOMAIN}`), timeout_ms: 300 });
  assert.equal(json.error.code, 'timeout');
});

test('the door of a redirect', async () => {
  const urls = targets().map((_, n) => at(`/redirect/${n}`));
  assert.deepEqual(await codesOf(urls), { blocked_target: urls.length });
  // A meta refresh is followed on its own site alone; a page that leads away is read as it is.
  const { ok = 0, blocked_target = 0 } = await codesOf(targets().map((_, n) => at(`/refresh/${n}`)));
  assert.equal(ok + blocked_target, urls.length);
  assert.ok(blocked_target > 0);
  assertUntouched();
});

test('the door of robots.txt', async () => {
  const urls = targets().map((_, n) => at('/', `robots-${n}.${DOMAIN}`));
  assert.deepEqual(await codesOf(urls, { respect_robots: true }), { blocked_target: urls.length });
  const itself = fewTargets();
  assert.deepEqual(await codesOf(itself, { respect_robots: true }), { blocked_target: itself.length });
  assertUntouched();
});

test("the door of a crawl's first page", async () => {
  const jobs = fewTargets().map((url) =>
    service.api.queue('/v1/crawl', { url, respect_robots: false, max_pages: 2 }),
  );
  for (const job_id of await Promise.all(jobs)) {
    const { status, result } = await service.api.finished(job_id);
    assert.equal(status, 'failed');
    assert.deepEqual([result.total, result.pages[0].error.code], [1, 'blocked_target']);
  }
  assertUntouched();
});

async function crawledHosts(body: object): Promise<Map<string, string>> {
  const job_id = await service.api.queue('/v1/crawl', { allow_subdomains: true, max_pages: 500, ...body });
  const { result } = await service.api.finished(job_id);
  const pages = result.pages as { url: string; status: string; error: { code: string } | null }[];
  return new Map(pages.map(({ url, status, error }) => [new URL(url).hostname, error?.code ?? status]));
}

function assertNamesBlocked(found: Map<string, string>): void {
  for (const name of names) assert.equal(found.get(name), 'blocked_target', name);
  for (const name of REBINDING) assert.match(found.get(name) ?? '', /^(ok|blocked_target|duplicate)$/, name);
  const others = [...found.keys()].filter((host) => !host.endsWith(DOMAIN));
  assert.deepEqual(others, [], 'the crawl left its site');
}

test('the door of a link that a crawl finds', async () => {
  const found = await crawledHosts({ url: at('/links', DOMAIN), respect_robots: false, sitemap: 'skip' });
  assertNamesBlocked(found);
  assert.deepEqual(canaries.connections, []);
  assert.ok(
    reached.every((host) => host.startsWith('rebinding-')),
    'the site was asked for a target',
  );
  reached.length = 0;
});

test('the door of a sitemap, of its entries, and of the sitemaps that it names', async () => {
  for (let first = 0; first < targets().length; first += 150) {
    dns.zone.set(`map-${first}.${DOMAIN}`, { a: ['127.0.0.5'] });
    const found = await crawledHosts({
      url: at('/', `map-${first}.${DOMAIN}`),
      respect_robots: false,
      sitemap: 'only',
    });
    if (first === 0) assertNamesBlocked(found);
  }
  assert.deepEqual(canaries.connections, []);
  assert.ok(
    reached.every((host) => host.startsWith('rebinding-')),
    'the site was asked for a target',
  );
  reached.length = 0;
});

test('the door of a canonical URL, and of whatever else a page names', async () => {
  const urls = targets().map((_, n) => at(`/canonical/${n}`));
  assert.deepEqual(await codesOf(urls), { ok: urls.length });
  const crawls = urls.filter((_, n) => n % 50 === 0);
  for (const url of crawls)
    await service.api.finished(await service.api.queue('/v1/crawl', { url, sitemap: 'skip' }));
  assertUntouched();
});

test('a name that rebinds between the check and the connection', async () => {
  const codes = await codesOf([...REBINDING, ...REBINDING, ...REBINDING].map((name) => urlOf(name)));
  const known = (codes.ok ?? 0) + (codes.blocked_target ?? 0);
  assert.equal(known, 3 * REBINDING.length);
  assert.deepEqual(canaries.connections, []);
  reached.length = 0;
});

test('the doors of a webhook when it is given, and when it is tested', async () => {
  const heard = new Set<string>();
  for (const webhook_url of targets('https')) {
    for (const [path, body] of [
      ['/v1/scrape/async', { url: at('/'), webhook_url }],
      ['/v1/me/webhooks/test', { webhook_url }],
    ] as const) {
      const { status, json } = await service.api('POST', path, body);
      assert.equal(status, 422, `${path} ${webhook_url}`);
      heard.add(JSON.stringify({ ...json, request_id: '' }));
    }
  }
  const [ports, addresses, ...more] = [...heard].toSorted(
    (a, b) => Number(/ port /.test(b)) - Number(/ port /.test(a)),
  );
  assert.match(ports ?? '', /names a port of another kind of server/);
  assert.match(addresses ?? '', /ALLOW_PRIVATE_WEBHOOKS/);
  assert.deepEqual(more, []);
  assertUntouched();
});

test('the door of a webhook at its delivery', async () => {
  // Each host once: a host that keeps failing is paused.
  const urls = [...new Map(fewTargets('https').map((url) => [new URL(url).host, url])).values()];
  const ids = await service.db.transaction().execute((tx) =>
    append(
      tx,
      urls.map((webhook_url) => ({
        account_id: service.account.id,
        job_id: null,
        event: 'test',
        webhook_url,
        headers: null,
        webhook_id: null,
        head: '{}',
        tail: '',
        whole_job: false,
        page_ordinals: null,
        trigger: 'test',
      })),
    ),
  );
  const rebound = REBINDING.map((name) => urlOf(name, 'https'));
  for (const webhook_url of rebound)
    await service.api('POST', '/v1/scrape/async', { url: at('/'), webhook_url });
  await eventually(async () => {
    const { json } = await service.api('GET', '/v1/deliveries?status=pending');
    return json.data.length === 0;
  });
  for (const [n, id] of ids.entries()) {
    const { json } = await service.api('GET', `/v1/deliveries/${id}`);
    assert.deepEqual([json.status, json.last_error], ['exhausted', 'blocked_target'], urls[n]);
    assert.equal(json.attempt_log.length, 2);
  }
  assertUntouched();
});

test('a webhook at an allowed address is delivered', async () => {
  let delivered = 0;
  const server = createSecureServer(await readCertificate(testRun().directory), (_req, res) => {
    delivered++;
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.6', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  dns.zone.set('hook.example.test', { a: ['127.0.0.6'] });
  const webhook_url = `https://hook.example.test:${address.port}/`;
  const { json } = await service.api('POST', '/v1/me/webhooks/test', { webhook_url });
  server.closeAllConnections();
  server.close();
  assert.deepEqual([json.status, delivered], ['delivered', 1]);
});
