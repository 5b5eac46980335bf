import assert from 'node:assert/strict';
import { setImmediate as tick } from 'node:timers/promises';
import { test } from 'node:test';
import { CidrList } from '../../../src/egress/connect/address.ts';
import { fetchPage } from '../../../src/egress/page/fetch-page.ts';
import { Network } from '../../../src/egress/connect/network.ts';
import { createResolve } from '../../../src/egress/connect/names/resolve.ts';
import { failure } from '../../support/checks/failure.ts';
import { ok, startOrigin } from '../../support/net/origin.ts';

const BOUNDED = { timeout: 60_000 };

function network(connectionsPerOrigin: number): Network & AsyncDisposable {
  const made = new Network({
    schemes: ['http:'],
    allow: CidrList.parse('127.0.0.0/8'),
    resolve: createResolve(),
    connectionsPerOrigin,
  });
  return Object.assign(made, { [Symbol.asyncDispose]: async () => made.pool.close() });
}

function get(pages: Network, url: string, timeoutMs = 10_000) {
  return fetchPage(pages, { url, userAgent: 't', timeoutMs });
}

test('an origin has a limited number of connections, served first come, first served', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => void setTimeout(() => socket.write(ok()), 2));
  await using pages = network(3);
  await Promise.all(
    Array.from({ length: 60 }, (_, index) => get(pages, `http://localhost:${origin.port}/${index}`)),
  );
  assert.equal(origin.connections, 3);
  const order = origin.requests.map(({ path }) => Number(path.slice(1)));
  assert.deepEqual(
    order.toSorted((a, b) => a - b),
    Array.from({ length: 60 }, (_, index) => index),
  );
  for (const [position, index] of order.entries())
    assert.ok(Math.abs(position - index) <= 3, `${index} came as ${position}`);
});

test('a waiter that gives up leaves the queue, and a broken connection makes room', BOUNDED, async () => {
  let broken = 0;
  await using origin = await startOrigin((socket, { path }) => {
    if (path === '/break') socket.destroy(void broken++);
    else if (path !== '/hang') socket.write(ok());
  });
  await using pages = network(1);
  const url = `http://localhost:${origin.port}`;
  const hanging = failure(get(pages, `${url}/hang`, 400), 'timeout');
  const impatient = failure(get(pages, `${url}/late`, 100), 'timeout');
  const breaking = failure(get(pages, `${url}/break`), 'connection_failed');
  const patient = get(pages, `${url}/patient`);
  await Promise.all([hanging, impatient, breaking]);
  assert.equal((await patient).status, 200);
  assert.equal(broken, 1);
  assert.ok(!origin.requests.some(({ path }) => path === '/late'));
});

test('nothing is kept of an origin whose connections are closed', BOUNDED, async () => {
  await using closes = await startOrigin((socket) => socket.end(ok('ok', 'Connection: close')));
  await using keeps = await startOrigin(ok('ok', 'Keep-Alive: timeout=3'));
  await using gone = await startOrigin(ok(), { onConnection: (socket) => socket.destroy() });
  await using pages = network(2);
  for (let host = 0; host < 100; host++) {
    await get(pages, `http://h${host}.localhost:${closes.port}/`);
    await get(pages, `http://h${host}.localhost:${keeps.port}/`);
    await failure(get(pages, `http://h${host}.localhost:${gone.port}/`), 'connection_failed');
  }
  await failure(get(pages, 'http://10.0.0.1/'), 'blocked_target');
  assert.ok(pages.pool.size > 0);
  while (keeps.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(pages.pool.size, 0);
});

test('idle connections are bounded in all: the longest idle goes first', BOUNDED, async () => {
  await using origin = await startOrigin(ok());
  await using pages = network(2);
  for (let host = 0; host < 520; host++) await get(pages, `http://h${host}.localhost:${origin.port}/`);
  while (origin.sockets.size > 512) await tick();
  assert.equal(origin.sockets.size, 512);
  assert.equal(pages.pool.size, 512);
  await get(pages, `http://h519.localhost:${origin.port}/`);
  assert.equal(origin.connections, 520);
  await Promise.all(
    Array.from({ length: 100 }, (_, host) => get(pages, `http://h${host}.localhost:${origin.port}/`)),
  );
  while (origin.sockets.size > 512) await tick();
  assert.equal(origin.sockets.size, 512);
});
