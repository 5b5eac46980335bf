import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { AddressBudget, createAddressBudgetMemory } from '../../src/egress/budget/address-budget.ts';
import { CidrList } from '../../src/egress/connect/address.ts';
import { Network } from '../../src/egress/connect/network.ts';
import { createResolve } from '../../src/egress/connect/names/resolve.ts';
import { ForwardProxy } from '../../src/egress/forward-proxy/forward-proxy.ts';
import type { PageTraffic } from '../../src/egress/forward-proxy/page-traffic.ts';
import { startOrigin } from '../support/net/origin.ts';
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

test('an answer that browsers take comes through the proxy, though its head is large or not in order', async () => {
  const body = '<p>Words of the page.</p>';
  const length = `Content-Length: ${body.length}`;
  const answers: Record<string, string> = {
    '/large': `HTTP/1.1 200 OK\r\nX-Large: ${'a'.repeat(20_000)}\r\n${length}\r\n\r\n${body}`,
    '/line-ends': `HTTP/1.1 200 OK\n${length}\n\n${body}`,
    '/control': `HTTP/1.1 200 OK\r\nX-Control: a\u0001b\r\n${length}\r\n\r\n${body}`,
    '/lengths': `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  };
  await using origin = await startOrigin((socket, { path }) => void socket.end(answers[path]!, 'latin1'));
  const network = new Network({
    schemes: ['http:', 'https:'],
    allow: CidrList.parse('127.0.0.0/8'),
    resolve: createResolve(),
    connectionsPerOrigin: 8,
    budget: new AddressBudget({ memory: createAddressBudgetMemory(1), thread: 0, concurrency: PLACES }),
  });
  await using proxy = await ForwardProxy.start(network);
  using page = proxy.admit({ maxBytes: 1e6, maxRequests: 100, via: null, payer: 'acct_1' });
  for (const path of Object.keys(answers)) {
    const answer = await ask(proxy, page, `http://127.0.0.1:${origin.port}${path}`);
    assert.match(answer, /^HTTP\/1\.1 200/, path);
    assert.ok(answer.includes(body), path);
  }
});

/** The answer to a request in the absolute form, with its head. */
async function ask(proxy: ForwardProxy, { username, password }: PageTraffic, url: string): Promise<string> {
  const { hostname, port } = new URL(proxy.url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  socket.write(`GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n`);
  socket.write(`Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n\r\n`);
  const pieces = (await socket.toArray()) as string[];
  return pieces.join('');
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
