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
