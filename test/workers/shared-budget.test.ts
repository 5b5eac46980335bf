import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createEgress } from '../../src/egress/index.ts';
import { Bodies, type BodyRoom } from '../../src/workers/limits/body-memory.ts';
import { budgetMemory, SharedBudget } from '../../src/workers/limits/shared-budget.ts';
import { startOrigin } from '../egress/origin.ts';
import { startSite } from '../support/site.ts';

const MIB = 1024 * 1024;
/** Longer than the fetches of this file may take. */
const WAIT_MS = 1700;

/** What a promise has come to within a moment. */
async function soon<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return await Promise.race([promise, sleep(50).then(() => 'waits' as const)]);
}

test('over all threads no more than the capacity, and what asks for more than that gets all of it', async () => {
  const memory = budgetMemory(2);
  const [one, other] = [new SharedBudget(memory, 0, 10), new SharedBudget(memory, 1, 10)];
  assert.equal(await one.take(6), 6);
  assert.equal(await other.take(4), 4);
  const all = other.take(100);
  assert.equal(await soon(all), 'waits');
  other.release(4);
  assert.equal(await soon(all), 'waits');
  one.release(6);
  assert.equal(await all, 10);
});

test('within a thread the first to come is served first, and who gives up takes nothing', async () => {
  const memory = budgetMemory(1);
  const budget = new SharedBudget(memory, 0, 10);
  await budget.take(9);
  const givenUp = new AbortController();
  const [large, small] = [budget.take(10, givenUp.signal), budget.take(1)];
  assert.equal(await soon(small), 'waits');
  givenUp.abort();
  assert.deepEqual([await large, await small], [0, 1]);
});

test('what a dead thread had is there again for the others', async () => {
  const memory = budgetMemory(2);
  await new SharedBudget(memory, 0, 10).take(10);
  const waiting = new SharedBudget(memory, 1, 10).take(10);
  assert.equal(await soon(waiting), 'waits');
  SharedBudget.clear(memory, 0);
  assert.equal(await waiting, 10);
});

test('a large body waits for its room, plain or coded, keeps what it fills, and the wait is no part of its time', async () => {
  const body = Buffer.alloc(1.5 * MIB, 'a');
  await using site = await startSite({
    '/plain': { headers: { 'content-length': String(body.length) }, body },
    '/chunked': (_req, res) => void res.write(body, () => res.end()),
    '/gzip': { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) },
    '/small': 'small',
  });
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const budget = new SharedBudget(budgetMemory(1), 0, 2 * MIB);
  const bodies = new Bodies(budget);
  const fetch = async (path: string, room: BodyRoom): Promise<number> => {
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
    const taken = await budget.take(2 * MIB);
    using room = bodies.room('acct_a');
    using free = bodies.room('acct_a');
    const waiting = fetch(path, room);
    assert.equal(await fetch('/small', free), 5);
    await sleep(WAIT_MS);
    assert.equal(await soon(waiting), 'waits', path);
    budget.release(taken);
    assert.equal(await waiting, body.length, path);
    const left = budget.take(MIB / 2);
    assert.equal(await left, MIB / 2, path);
    budget.release(await left);
  }
  assert.equal(await budget.take(2 * MIB), 2 * MIB);
});

test('room that comes when its page has ended is given back', async () => {
  const budget = new SharedBudget(budgetMemory(1), 0, 10);
  const taken = await budget.take(10);
  const room = new Bodies(budget).room('acct_a');
  const waiting = room.need(10);
  room[Symbol.dispose]();
  budget.release(taken);
  await waiting;
  assert.equal(await budget.take(10), 10);
});

test('a page that asks twice at once holds what it asked for last, and gives back all of it', async () => {
  const budget = new SharedBudget(budgetMemory(1), 0, 10);
  const taken = await budget.take(10);
  const room = new Bodies(budget).room('acct_a');
  const waiting = Promise.all([room.need(4), room.need(8)]);
  budget.release(taken);
  await waiting;
  assert.equal(await budget.take(2), 2);
  room[Symbol.dispose]();
  assert.equal(await budget.take(8), 8);
});

test('an account takes a part of the room at most: the rest is for others', async () => {
  const bodies = new Bodies(new SharedBudget(budgetMemory(1), 0, 20 * MIB));
  using large = bodies.room('acct_a');
  using waiting = bodies.room('acct_a');
  using other = bodies.room('acct_b');
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
  const budget = new SharedBudget(budgetMemory(1), 0, 2 * MIB);
  const bodies = new Bodies(budget);
  const taken = await budget.take(2 * MIB);
  const fetching = (async () => {
    using memory = bodies.room('acct_a');
    const url = `http://127.0.0.1:${origin.port}/`;
    const request = { url, userAgent: 'TestBot/1.0', timeoutMs: 2000, maxBytes: 2 * MIB, memory };
    return (await egress.fetchPage(request)).body.length;
  })();
  await sleep(500);
  budget.release(taken);
  assert.equal(await fetching, MIB);
  assert.equal(await budget.take(2 * MIB), 2 * MIB);
});
