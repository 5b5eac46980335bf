import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createEgress } from '../../src/egress/index.ts';
import { BodyRoom } from '../../src/workers/body-room.ts';
import { budgetMemory, SharedBudget } from '../../src/workers/shared-budget.ts';
import { startSite } from '../support/site.ts';

const MIB = 1024 * 1024;

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

test('a large body waits for its room, plain or coded, and the wait is no part of its time', async () => {
  const body = Buffer.alloc(MIB, 'a');
  await using site = await startSite({
    '/plain': { headers: { 'content-length': String(MIB) }, body },
    '/chunked': (_req, res) => void res.write(body, () => res.end()),
    '/gzip': { headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) },
    '/small': 'small',
  });
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
  const budget = new SharedBudget(budgetMemory(1), 0, 2 * MIB);
  const fetch = async (path: string, room: BodyRoom): Promise<number> => {
    const request = { url: site.url(path), userAgent: 'TestBot/1.0', timeoutMs: 500, maxBytes: 2 * MIB, memory: room };
    return (await egress.fetchPage(request)).body.length;
  };
  for (const path of ['/plain', '/chunked', '/gzip']) {
    const taken = await budget.take(2 * MIB);
    using room = new BodyRoom(budget);
    using free = new BodyRoom(budget);
    const waiting = fetch(path, room);
    assert.equal(await fetch('/small', free), 5);
    await sleep(700);
    assert.equal(await soon(waiting), 'waits', path);
    budget.release(taken);
    assert.equal(await waiting, MIB, path);
  }
  assert.equal(await budget.take(2 * MIB), 2 * MIB);
});

test('room that comes when its page has ended is given back', async () => {
  const budget = new SharedBudget(budgetMemory(1), 0, 10);
  const taken = await budget.take(10);
  const room = new BodyRoom(budget);
  const waiting = room.need(10);
  room[Symbol.dispose]();
  budget.release(taken);
  await waiting;
  assert.equal(await budget.take(10), 10);
});
