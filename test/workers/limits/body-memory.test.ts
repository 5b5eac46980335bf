import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SMALL_BODY_BYTES } from '../../../src/egress/body/memory.ts';
import { createEgress } from '../../../src/egress/index.ts';
import type { Permit } from '../../../src/limits/permit.ts';
import { SharedSemaphore, sharedSemaphoreMemory } from '../../../src/limits/shared-semaphore.ts';
import { BodyMemoryBudget, type BodyReservation } from '../../../src/workers/limits/body-memory.ts';
import { ok, startOrigin } from '../../support/net/origin.ts';
import { startSite } from '../../support/site.ts';

const MIB = 1024 * 1024;
/** Longer than the fetches of this file may take. */
const WAIT_MS = 1700;

async function taking(semaphore: SharedSemaphore, amount: number): Promise<Permit> {
  return (await semaphore.acquire(amount))!;
}

/** What a promise has come to within a moment. */
async function soon<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return await Promise.race([promise, sleep(50).then(() => 'waits' as const)]);
}

test('a large body waits for memory outside its own timeout, and keeps only what it fills', async () => {
  const body = Buffer.alloc(1.5 * MIB, 'a');
  await using site = await startSite({
    '/plain': { headers: { 'content-length': String(body.length) }, body },
    '/chunked': (_req, res) => void res.write(body, () => res.end()),
    '/gzip': { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) },
    '/small': 'small',
  });
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const budget = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 2 * MIB);
  const bodies = new BodyMemoryBudget(budget);
  const fetch = async (path: string, room: BodyReservation): Promise<number> => {
    const request = {
      url: site.url(path),
      userAgent: 'TestBot/1.0',
      timeoutMs: WAIT_MS - 200,
      maxBytes: 2 * MIB,
      memory: room,
    };
    return (await egress.fetchPage(request)).body.length;
  };
  for (const path of ['/plain', '/chunked', '/gzip']) {
    const taken = await taking(budget, 2 * MIB);
    using room = bodies.reserve('acct_a');
    using free = bodies.reserve('acct_a');
    const waiting = fetch(path, room);
    assert.equal(await fetch('/small', free), 5);
    await sleep(WAIT_MS);
    assert.equal(await soon(waiting), 'waits', path);
    taken[Symbol.dispose]();
    assert.equal(await waiting, body.length, path);
    const left = await taking(budget, MIB / 2);
    assert.equal(left.amount, MIB / 2, path);
    left[Symbol.dispose]();
  }
  assert.equal((await taking(budget, 2 * MIB)).amount, 2 * MIB);
});

test('a body that ends as it asks for room leaves its connection to the next page', async () => {
  // Whatever the size of the pieces, the last one is what passes the size that needs no room.
  const body = 'a'.repeat(SMALL_BODY_BYTES + 1);
  await using origin = await startOrigin((socket) => socket.write(ok(body)));
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const bodies = new BodyMemoryBudget(new SharedSemaphore(sharedSemaphoreMemory(1), 0, MIB));
  for (const path of ['/1', '/2', '/3']) {
    using memory = bodies.reserve('acct_a');
    const url = `http://127.0.0.1:${origin.port}${path}`;
    const page = await egress.fetchPage({ url, userAgent: 'TestBot/1.0', timeoutMs: 10_000, memory });
    assert.equal(page.body.length, body.length);
  }
  assert.equal(origin.connections, 1);
});

test('room that comes when its page has ended is given back', async () => {
  const budget = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 10);
  const taken = await taking(budget, 10);
  const room = new BodyMemoryBudget(budget).reserve('acct_a');
  const waiting = room.need(10);
  room[Symbol.dispose]();
  taken[Symbol.dispose]();
  await waiting;
  assert.equal((await taking(budget, 10)).amount, 10);
});

test('a page that asks twice at once holds what it asked for last, and gives back all of it', async () => {
  const budget = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 10);
  const taken = await taking(budget, 10);
  const room = new BodyMemoryBudget(budget).reserve('acct_a');
  const waiting = Promise.all([room.need(4), room.need(8)]);
  taken[Symbol.dispose]();
  await waiting;
  assert.equal((await taking(budget, 2)).amount, 2);
  room[Symbol.dispose]();
  assert.equal((await taking(budget, 8)).amount, 8);
});

test('a page learns how long it has waited for room', async () => {
  const budget = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 10);
  const taken = await taking(budget, 10);
  const waits: number[] = [];
  using room = new BodyMemoryBudget(budget).reserve('acct_a', (ms) => waits.push(ms));
  const waiting = room.need(10);
  await sleep(200);
  taken[Symbol.dispose]();
  await waiting;
  assert.equal(waits.length, 1);
  assert.ok(waits[0]! >= 199, String(waits));
});

test('an account takes at most its share of the room', async () => {
  const bodies = new BodyMemoryBudget(new SharedSemaphore(sharedSemaphoreMemory(1), 0, 20 * MIB));
  using large = bodies.reserve('acct_a');
  using waiting = bodies.reserve('acct_a');
  using other = bodies.reserve('acct_b');
  await large.need(10 * MIB);
  const denied = waiting.need(MIB);
  assert.equal(await soon(denied), 'waits');
  await other.need(10 * MIB);
  large.shrink(5 * MIB);
  assert.equal(await denied, undefined);
});

test('a server that hangs up while its body waits for room leaves nothing taken', async () => {
  const body = gzipSync(randomBytes(MIB));
  const answer = Buffer.concat([
    Buffer.from(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n',
    ),
    body,
  ]);
  await using origin = await startOrigin((socket) => void socket.end(answer));
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const budget = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 2 * MIB);
  const bodies = new BodyMemoryBudget(budget);
  const taken = await taking(budget, 2 * MIB);
  const fetching = (async () => {
    using memory = bodies.reserve('acct_a');
    const url = `http://127.0.0.1:${origin.port}/`;
    const request = { url, userAgent: 'TestBot/1.0', timeoutMs: 2000, maxBytes: 2 * MIB, memory };
    return (await egress.fetchPage(request)).body.length;
  })();
  await sleep(500);
  taken[Symbol.dispose]();
  assert.equal(await fetching, MIB);
  assert.equal((await taking(budget, 2 * MIB)).amount, 2 * MIB);
});
