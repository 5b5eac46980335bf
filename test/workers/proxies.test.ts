import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createApi } from '../support/api.ts';
import {
  PROXY_ADDRESS,
  startHangingProxy,
  startHttpProxy,
  startSocksProxy,
  type TestProxy,
} from '../support/net/proxy.ts';
import { listen } from '../support/net/listen.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { createEgress, parseUpstream, ProxyPool } from '../../src/egress/index.ts';
import { RoutedEgress } from '../../src/workers/proxies/routed-egress.ts';
import { ambiguousUrls, PRIVATE_HOSTS } from '../security/private-hosts.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const CREDENTIALS = { username: 'operator', password: 'pass-of-the-operator' };
const CALLERS = { username: 'caller', password: 'pass-of-the-caller' };
const ADMIN_TOKEN = 'operators-token-000';
const DIRECT_ADDRESS = '127.0.0.1';

let http: TestProxy;
let socks: TestProxy;
let callers: TestProxy;
let receiver: Receiver;
let service: TestService;
let site: Awaited<ReturnType<typeof startWatchedSite>>;

const userinfo = ({ username, password }: typeof CREDENTIALS) => `${username}:${password}`;
const urlOf = (scheme: string, { port }: TestProxy, credentials = CREDENTIALS) =>
  `${scheme}://${userinfo(credentials)}@127.0.0.1:${port}`;

before(async () => {
  http = await startHttpProxy({ credentials: CREDENTIALS });
  socks = await startSocksProxy({ credentials: CREDENTIALS });
  callers = await startSocksProxy({ credentials: CALLERS });
  receiver = await startReceiver();
  site = await startWatchedSite();
  service = await startTestService({
    PROXIES: [urlOf('http', http), urlOf('socks5', socks)].join(', '),
    WEBHOOK_PROXY: urlOf('socks5', socks),
    ALLOW_CALLER_PROXIES: 'true',
    SECRET_KEY: 'a key that seals proxies',
    ADMIN_TOKEN,
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  for (const server of [http, socks, callers, receiver, site]) await server[Symbol.asyncDispose]();
});

const CAPTCHA = '<p>Type what you see.</p><form action="/errors/validateCaptcha"><input name="a"></form>';

/**
 * A small site that knows where its visitors come from. It turns away direct visits to /blocked, to
 * /challenged with a status that says nothing, and to /screened by nothing but the body; it turns
 * away every visit to /closed and /walled in the same ways.
 */
async function startWatchedSite() {
  const visits: { path: string; from: string | undefined }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const path = request.url ?? '/';
    const from = request.socket.remoteAddress;
    visits.push({ path, from });
    const challenge = path === '/challenged' && from !== PROXY_ADDRESS ? { 'cf-mitigated': 'challenge' } : {};
    const blocked = path === '/blocked' ? from !== PROXY_ADDRESS : path === '/closed';
    const screened = path === '/walled' || (path === '/screened' && from !== PROXY_ADDRESS);
    if (path === '/robots.txt' || path === '/sitemap.xml') response.writeHead(404).end();
    else if (screened) response.writeHead(200, { 'content-type': 'text/html' }).end(CAPTCHA);
    else
      response
        .writeHead(blocked ? 403 : 200, { 'content-type': 'text/html', ...challenge })
        .end(page(path, blocked ? 'Go away.' : 'Some text.', path === '/' ? ['/a', '/b'] : []));
  });
  const port = await listen(server);
  return {
    visits,
    url: (path: string, host = '127.0.0.1') => `http://${host}:${port}${path}`,
    /** The addresses of the visits since the last call. */
    takeAddresses: () => [...new Set(visits.splice(0).map(({ from }) => from))],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const scrape = async (url: string, more: object = {}, from = service) =>
  (await from.api('POST', '/v1/scrape', { url, timeout_ms: 6000, ...more })).json;
const creditsOf = async () => (await service.api('GET', '/v1/me')).json.credits;

test('a crawl goes through one proxy, with its robots.txt and sitemaps, and its block says which', async () => {
  const job = await service.api.finished(await service.api.queue('/v1/crawl', { url: site.url('/') }));
  assert.equal(job.succeeded, 3);
  const paths = site.visits.map(({ path }) => path);
  for (const path of ['/robots.txt', '/sitemap.xml', '/', '/a', '/b']) assert.ok(paths.includes(path), path);
  assert.deepEqual(site.takeAddresses(), [PROXY_ADDRESS]);
  const vias = new Set(job.result.pages.map(({ via }: { via: number }) => via));
  assert.equal(vias.size, 1);
});

test('`none` goes directly, `pool` through a proxy', async () => {
  assert.equal((await scrape(site.url('/a'), { proxy: 'none' })).via, undefined);
  assert.deepEqual(site.takeAddresses(), [DIRECT_ADDRESS]);
  assert.ok([1, 2].includes((await scrape(site.url('/a'), { proxy: 'pool' })).via));
  assert.deepEqual(site.takeAddresses(), [PROXY_ADDRESS]);
});

test("a caller's own proxy is used, and its password is sealed and shown to nobody", async () => {
  const proxy = { url: urlOf('socks5', callers, CALLERS) };
  const job = await service.api.finished(
    await service.api.queue('/v1/scrape/async', { url: site.url('/a'), proxy, respect_robots: true }),
  );
  assert.equal(job.result.via, 'caller');
  assert.deepEqual(job.options.proxy, { url: `socks5://127.0.0.1:${callers.port}` });
  assert.deepEqual(site.takeAddresses(), [PROXY_ADDRESS]);
  assert.ok(callers.asked.length > 0);
});

test("what a caller's proxy says of a host holds up nobody else", async () => {
  const busy = 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 429 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n';
  await using lying = await startHttpProxy({ refusal: () => busy });
  const proxy = { url: `http://127.0.0.1:${lying.port}` };
  const host = 'busy.localhost';
  assert.equal((await scrape(site.url('/a', host), { proxy })).http_status, 429);
  const { rows } = await sql`select from hosts where host like ${`${host}%`}`.execute(service.db);
  assert.equal(rows.length, 0);
  const other = await service.createAccount();
  const answer = await other.api('POST', '/v1/scrape', { url: site.url('/a', host), proxy: 'none' });
  assert.equal(answer.json.http_status, 200);
  site.takeAddresses();
});

test('callbacks go through their own proxy, whatever the pages do', async () => {
  const asked = socks.asked.length;
  const body = { url: site.url('/a'), proxy: 'none', webhook_url: receiver.url('/hook') };
  await service.api.finished(await service.api.queue('/v1/scrape/async', body));
  await receiver.received(1, '/hook');
  assert.deepEqual(socks.asked.slice(asked), [`127.0.0.1:${new URL(receiver.url('/')).port}`]);
  assert.deepEqual(site.takeAddresses(), [DIRECT_ADDRESS]);
});

test('a proxy that breaks rests, is shown to operators, and its pages come through another', async () => {
  await http[Symbol.asyncDispose]();
  const rows = async () =>
    (await sql<{ number: number; resting: boolean }>`select * from admin.proxies`.execute(service.db)).rows;
  await eventually(async () => {
    assert.equal((await scrape(site.url('/a'))).via, 2);
    return (await rows()).some((row) => row.number === 1 && row.resting);
  });
  const shown = JSON.stringify(await rows());
  assert.match(shown, /the proxy cannot be reached/);
  const operator = createApi(service.api.origin, ADMIN_TOKEN);
  const metrics = await eventually(async () => {
    const { text } = await operator('GET', '/metrics');
    return text.includes('ollagraph_proxy_resting{proxy="1"} 1') && text;
  });
  assert.match(metrics, /ollagraph_proxy_requests_total\{proxy="2"\} [1-9]/);
  for (const text of [shown, metrics, JSON.stringify(service.logs)])
    for (const secret of [CREDENTIALS.password, CALLERS.password]) assert.ok(!text.includes(secret));
});

test('a page that no proxy brings fails with a code of its own, and costs nothing', async () => {
  await socks[Symbol.asyncDispose]();
  site.takeAddresses();
  const credits = await creditsOf();
  const { status, error } = await scrape(site.url('/a'));
  assert.deepEqual([status, error.code], ['failed', 'proxy_failed']);
  assert.equal(await creditsOf(), credits);
  assert.deepEqual(site.takeAddresses(), []);
});

test('a proxy that hangs is passed over, and not asked again for the same job and host', async () => {
  await using hanging = await startHangingProxy();
  await using working = await startHttpProxy();
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const pool = new ProxyPool(
    [hanging, working].map(({ port }) => parseUpstream(`http://127.0.0.1:${port}`)!),
  );
  const routed = new RoutedEgress(egress, pool);
  const get = async (stickiness: string) => {
    const request = { url: site.url('/a'), userAgent: 'test', timeoutMs: 900 };
    return (await routed.fetch(request, { route: { kind: 'pool' }, stickiness })).via;
  };
  let key = 0;
  while (hanging.connections === 0) assert.equal(await get(`job_${++key}`), 2);
  assert.equal(await get(`job_${key}`), 2);
  assert.equal(hanging.connections, 1);
});

test('on_block turns to the pool where a site turns us away, and keeps the answer where that is no better', async () => {
  await using proxy = await startHttpProxy({ credentials: CREDENTIALS });
  await using careful = await startTestService({
    PROXIES: urlOf('http', proxy),
    PROXY_MODE: 'on_block',
    ALLOW_PRIVATE_TARGETS: '127.0.0.1/32',
    ROLES: 'web,worker',
  });
  assert.equal((await scrape(site.url('/a'), {}, careful)).via, undefined);
  assert.equal(proxy.connections, 0);
  const blocked = await scrape(site.url('/blocked'), {}, careful);
  assert.deepEqual(
    [blocked.http_status, blocked.via, blocked.markdown.includes('Some text')],
    [200, 1, true],
  );
  const challenged = await scrape(site.url('/challenged'), {}, careful);
  assert.deepEqual([challenged.via, challenged.block], [1, null]);
  const closed = await scrape(site.url('/closed'), {}, careful);
  assert.deepEqual([closed.http_status, closed.via], [403, 1]);
  await proxy[Symbol.asyncDispose]();
  const direct = await scrape(site.url('/blocked'), {}, careful);
  assert.deepEqual([direct.http_status, direct.via], [403, undefined]);
  await refusesForeignProxies(careful);
});

test('on_block turns to the pool where only the body of an answer turns us away', async () => {
  await using proxy = await startHttpProxy({ credentials: CREDENTIALS });
  await using careful = await startTestService({
    PROXIES: urlOf('http', proxy),
    PROXY_MODE: 'on_block',
    ALLOW_PRIVATE_TARGETS: '127.0.0.1/32',
    ROLES: 'web,worker',
  });
  site.visits.length = 0;
  const screened = await scrape(site.url('/screened'), {}, careful);
  assert.deepEqual([screened.via, screened.block, screened.markdown.includes('Some text')], [1, null, true]);
  assert.deepEqual(site.takeAddresses(), [DIRECT_ADDRESS, PROXY_ADDRESS]);
  const walled = await scrape(site.url('/walled'), {}, careful);
  assert.deepEqual([walled.via, walled.block.vendor], [undefined, 'amazon']);
  assert.deepEqual(site.takeAddresses(), [DIRECT_ADDRESS, PROXY_ADDRESS]);
  await proxy[Symbol.asyncDispose]();
  const direct = await scrape(site.url('/screened'), {}, careful);
  assert.deepEqual([direct.status, direct.via, direct.block.kind], ['ok', undefined, 'captcha']);
});

async function refusesForeignProxies(careful: TestService): Promise<void> {
  const { status, json } = await careful.api('POST', '/v1/scrape', {
    url: site.url('/a'),
    proxy: { url: urlOf('socks5', callers, CALLERS) },
  });
  assert.deepEqual([status, json.errors[0].path], [422, 'proxy']);
}

test("a caller's proxy at a private address is refused, and so is a pool that is not there", async () => {
  await using closed = await startTestService({
    ALLOW_CALLER_PROXIES: 'true',
    ALLOW_PRIVATE_TARGETS: '',
    ROLES: 'web',
  });
  const connections = callers.connections;
  const refused: [proxy: unknown, path: string][] = [
    ['pool', 'proxy'],
    ['other', 'proxy'],
    [{ url: 'ftp://a.test' }, 'proxy'],
    [{ url: 'http://93.184.215.14:22' }, 'proxy.url'],
  ];
  for (const scheme of ['http', 'https', 'socks5']) {
    for (const host of PRIVATE_HOSTS)
      refused.push([{ url: `${scheme}://${host}:${callers.port}` }, 'proxy.url']);
    for (const url of ambiguousUrls(scheme, callers.port)) refused.push([{ url }, 'proxy']);
  }
  for (const [proxy, path] of refused) {
    const body = { url: 'http://93.184.215.14/', proxy };
    const { status, json } = await closed.api('POST', '/v1/scrape/async', body);
    assert.deepEqual([status, json.errors[0].path.startsWith(path)], [422, true], JSON.stringify(proxy));
  }
  assert.equal(callers.connections, connections);
});
