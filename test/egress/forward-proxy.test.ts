import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { test } from 'node:test';
import { AddressBudget, createAddressBudgetMemory } from '../../src/egress/budget/address-budget.ts';
import { CidrList } from '../../src/egress/connect/address.ts';
import { Network } from '../../src/egress/connect/network.ts';
import { createResolve } from '../../src/egress/connect/names/resolve.ts';
import { ForwardProxy } from '../../src/egress/forward-proxy/forward-proxy.ts';
import type { PageTraffic } from '../../src/egress/forward-proxy/page-traffic.ts';
import { LENIENT, OK } from '../support/net/lenient-answers.ts';
import { ok, startOrigin } from '../support/net/origin.ts';
import { startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

/** Of one account at one address: four times the concurrency of the budget. */
const PLACES = 8;

test('rendered pages share the connections to an address by account, whatever names lead there', async () => {
  await using victim = await startOrigin(() => {});
  const network = new Network({
    schemes: ['http:', 'https:'],
    allow: CidrList.parse('127.0.0.0/8'),
    resolve: createResolve(),
    connectionsPerOrigin: 8,
    budget: new AddressBudget({ memory: createAddressBudgetMemory(1), thread: 0, concurrency: PLACES / 4 }),
  });
  await using proxy = await ForwardProxy.start(network);
  const admit = (payer: string) => proxy.admit({ maxBytes: 1e6, maxRequests: 100, via: null, payer });
  using pages = new DisposableStack();
  const [first, second] = [pages.use(admit('acct_1')), pages.use(admit('acct_1'))];
  const tunnels = Array.from({ length: 12 }, (_, n) => {
    const authority = `n${n}.localhost:${victim.port}`;
    return pages.adopt(openTunnel(proxy, n % 2 === 0 ? first : second, authority), close);
  });
  await eventually(() => victim.sockets.size === PLACES);
  pages.adopt(openTunnel(proxy, pages.use(admit('acct_2')), `other.localhost:${victim.port}`), close);
  // The other account's comes after those of the first, which wait.
  await eventually(() => victim.sockets.size === PLACES + 1);

  const established = new Set(tunnels.filter((tunnel) => tunnel.bytesRead > 0));
  assert.equal(established.size, PLACES);
  for (const tunnel of established) tunnel.destroy();
  const waiting = tunnels.filter((tunnel) => !established.has(tunnel));
  await Promise.all(waiting.map(async (tunnel) => tunnel.bytesRead > 0 || (await once(tunnel, 'data'))));
});

const LONG = `HTTP/1.1 200 OK\r\nX-Large: ${'a'.repeat(200_000)}\r\nContent-Length: 5\r\n\r\nhello`;
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n';
const PROXIED: Record<string, string> = {
  ...LENIENT,
  'a large head': LONG,
  'informational answers': HINTS + ok('hello'),
  'a length that is no number': `${OK}Content-Length: abc\r\n\r\nhello`,
  'a status of 999': 'HTTP/1.1 999 Denied\r\nContent-Length: 5\r\n\r\nhello',
  'two locations': 'HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nhello',
};

test('an answer that is read where pages are fetched comes in order to a browser', async () => {
  await using origin = await startOrigin((socket, { path }) => {
    socket.end(PROXIED[decodeURIComponent(path.slice(1))]!, 'latin1');
  });
  await using browser = await startProxied();
  for (const name of Object.keys(PROXIED)) {
    const answer = await browser.get(`http://127.0.0.1:${origin.port}/${encodeURIComponent(name)}`);
    assert.equal(answer.body, 'hello', name);
    assert.ok(!Array.isArray(answer.headers.location), name);
    assert.equal(answer.headers.date, undefined);
  }
});

test('an answer that no browser takes, and one that breaks off, are none', async () => {
  const refused = {
    '/lengths': `${OK}Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello`,
    '/upgrade': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    '/no-http': 'SSH-2.0-OpenSSH_9.9\r\n',
    '/short': `${OK}Content-Length: 6\r\n\r\nhello`,
    '/chunks': `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  };
  await using origin = await startOrigin((socket, { path }) =>
    socket.end(refused[path as keyof typeof refused]),
  );
  await using browser = await startProxied();
  for (const path of Object.keys(refused))
    await assert.rejects(browser.get(`http://127.0.0.1:${origin.port}${path}`), path);
});

test('requests of every kind arrive as they were sent, and large answers whole', async () => {
  const large = 'x'.repeat(5_000_000);
  await using site = await startSite({
    '/echo': async (req, res) => {
      const body = Buffer.concat(await req.toArray()).toString();
      res.end(JSON.stringify({ method: req.method, body, agent: req.headers['user-agent'] }));
    },
    '/head': { headers: { 'content-length': '77' }, body: '' },
    '/large': large,
  });
  await using browser = await startProxied();
  const echo = async (options: RequestOptions, body?: string) =>
    JSON.parse((await browser.get(site.url('/echo'), options, body)).body);
  const agent = 'A browser';
  const headers = { 'user-agent': agent };
  assert.deepEqual(await echo({ headers }), { method: 'GET', body: '', agent });
  const sized = { method: 'POST', headers: { ...headers, 'content-length': '5' } };
  assert.deepEqual(await echo(sized, 'sized'), { method: 'POST', body: 'sized', agent });
  const chunked = { method: 'PUT', headers: { ...headers, 'transfer-encoding': 'chunked' } };
  assert.deepEqual(await echo(chunked, 'pieces'), { method: 'PUT', body: 'pieces', agent });
  assert.equal((await browser.get(site.url('/head'), { method: 'HEAD' })).headers['content-length'], '77');
  assert.equal((await browser.get(site.url('/large'))).body, large);
});

/** What a browser does through a proxy that admits one page. */
async function startProxied() {
  const network = new Network({
    schemes: ['http:', 'https:'],
    allow: CidrList.parse('127.0.0.0/8'),
    resolve: createResolve(),
    connectionsPerOrigin: 8,
    budget: new AddressBudget({ memory: createAddressBudgetMemory(1), thread: 0, concurrency: PLACES }),
  });
  const proxy = await ForwardProxy.start(network);
  const page = proxy.admit({ maxBytes: 1e8, maxRequests: 100, via: null, payer: 'acct_1' });
  const credential = `Basic ${btoa(`${page.username}:${page.password}`)}`;
  return {
    async get(url: string, { headers, ...options }: RequestOptions = {}, body = '') {
      const { hostname, port } = new URL(proxy.url);
      const asked = request({
        hostname,
        port,
        path: url,
        maxHeaderSize: 256 * 1024,
        ...options,
        headers: { host: new URL(url).host, 'proxy-authorization': credential, ...(headers as object) },
      });
      asked.end(body);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      const text = Buffer.concat(await answer.toArray()).toString('latin1');
      return { status: answer.statusCode, headers: answer.headers, body: text };
    },
    [Symbol.asyncDispose]: async () => await proxy[Symbol.asyncDispose](),
  };
}

function close(socket: Socket): void {
  socket.destroy();
}

function openTunnel(proxy: ForwardProxy, { username, password }: PageTraffic, authority: string): Socket {
  const { hostname, port } = new URL(proxy.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.resume();
  const credential = btoa(`${username}:${password}`);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n`);
  socket.write(`Proxy-Authorization: Basic ${credential}\r\n\r\n`);
  return socket;
}
