import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lane } from '../../../src/database/queue.ts';
import type { Permit } from '../../../src/limits/permit.ts';
import {
  SharedKeyedSemaphore,
  sharedKeyedSemaphoreMemory,
} from '../../../src/limits/shared-keyed-semaphore.ts';
import { createGateMemory, HostGate, type GateMemory } from '../../../src/workers/hosts/gate.ts';

const never = new AbortController().signal;
const HOST = 'a.test';

/** A gate of which a place can be taken without waiting: true where there was one. */
function gateOf(memory: GateMemory, lane: Lane, thread: number, capacity: number) {
  const gate = new HostGate({ memory, lane, thread, capacity });
  return async (account: string, host = HOST) => (await gate.acquire(account, host, 0, never)) !== null;
}

test('all threads together keep to the cap, and one place is for the interactive lane', async () => {
  const memory = createGateMemory(3, 'secret');
  const interactive = gateOf(memory, 'interactive', 0, 3);
  const [first, second] = [gateOf(memory, 'bulk', 1, 3), gateOf(memory, 'bulk', 2, 3)];
  assert.deepEqual([await first('a'), await second('b'), await second('c')], [true, true, false]);
  assert.deepEqual([await interactive('d'), await interactive('e')], [true, false]);
  assert.equal(await first('a', 'b.test'), true);
});

test('a cap of one serves both lanes', async () => {
  const memory = createGateMemory(2, 'secret');
  assert.equal(await gateOf(memory, 'bulk', 1, 1)('a'), true);
  assert.equal(await gateOf(memory, 'interactive', 0, 1)('a'), false);
});

test('an account leaves a quarter of a host to others, and no less of other hosts to itself', async () => {
  const memory = createGateMemory(2, 'secret');
  const [interactive, bulk] = [gateOf(memory, 'interactive', 0, 8), gateOf(memory, 'bulk', 1, 8)];
  for (let n = 0; n < 6; n++) assert.equal(await (n % 2 === 0 ? interactive : bulk)('a'), true);
  assert.deepEqual([await interactive('a'), await bulk('a')], [false, false]);
  assert.deepEqual([await bulk('b'), await interactive('b')], [true, true]);
  assert.equal(await bulk('a', 'b.test'), true);
});

/** Of many names the hosts that share a place with an earlier one. */
async function collisionsOf(secret: string): Promise<string[]> {
  const interactive = gateOf(createGateMemory(1, secret), 'interactive', 0, 1);
  const collisions: string[] = [];
  for (let n = 0; n < 1000; n++)
    if (!(await interactive('a', `host-${n}.test`))) collisions.push(`host-${n}.test`);
  return collisions;
}

test('which hosts share a place is a secret of the process', async () => {
  const [one, same, other] = [
    await collisionsOf('one'),
    await collisionsOf('one'),
    await collisionsOf('two'),
  ];
  assert.ok(one.length > 10);
  assert.deepEqual(one, same);
  assert.notDeepEqual(one, other);
});

/** Semaphores of one key for threads that share a memory. */
function semaphores(threads: number, capacity: number) {
  const memory = sharedKeyedSemaphoreMemory(threads);
  const all = Array.from(
    { length: threads },
    (_, thread) => new SharedKeyedSemaphore({ memory, thread, capacity, secret: 'secret' }),
  );
  return { memory, all };
}

const take = async (semaphore: SharedKeyedSemaphore, timeoutMs = 0, signal = never) =>
  await semaphore.acquire(HOST, timeoutMs, signal);
const release = (permit: Permit | null) => permit![Symbol.dispose]();

test('waiters get the permits that other threads release, in order within a thread', async () => {
  const { all } = semaphores(2, 2);
  const [first, second] = all as [SharedKeyedSemaphore, SharedKeyedSemaphore];
  const held = [await take(first), await take(second)];
  const order = { first: [] as number[], second: [] as number[] };
  const waiting = [1, 2, 3, 4, 5].map(async (n) => {
    const [semaphore, taken] = n % 2 === 0 ? [first, order.first] : [second, order.second];
    const permit = await take(semaphore, 30_000);
    taken.push(n);
    release(permit);
  });
  for (const permit of held) release(permit);
  await Promise.all(waiting);
  assert.deepEqual(order, { first: [2, 4], second: [1, 3, 5] });
});

test('nobody overtakes in a thread, and nobody waits for one that has given up', async () => {
  const semaphore = semaphores(1, 1).all[0]!;
  const held = await take(semaphore);
  const [abort, order] = [new AbortController(), [] as string[]];
  const wait = async (name: string, signal: AbortSignal) => {
    const permit = await take(semaphore, 30_000, signal);
    if (permit) order.push(name);
    return permit;
  };
  const [first, gone, last] = [wait('first', never), wait('gone', abort.signal), wait('last', never)];
  abort.abort();
  release(held);
  assert.equal(await take(semaphore), null);
  release(await first);
  assert.equal(await gone, null);
  await last;
  assert.deepEqual(order, ['first', 'last']);
});

test('the last permit is for a thread that has none, where one waits', async () => {
  const [first, second] = semaphores(2, 3).all as [SharedKeyedSemaphore, SharedKeyedSemaphore];
  const held = [await take(first), await take(first), await take(first)];
  const waiting = take(second, 30_000);
  release(held[0]!);
  assert.equal(await take(first), null);
  assert.notEqual(await waiting, null);
  release(held[1]!);
  assert.notEqual(await take(first), null);
});

test('a dead thread gives back what it held, and those who wait go on', async () => {
  const { all, memory } = semaphores(2, 2);
  const [dead, other] = all as [SharedKeyedSemaphore, SharedKeyedSemaphore];
  await take(dead);
  await take(dead);
  const waiting = [take(other, 30_000), take(other, 30_000)];
  SharedKeyedSemaphore.clear(memory, 0);
  for (const permit of await Promise.all(waiting)) assert.notEqual(permit, null);
  assert.equal(await take(other), null);
});

test('a wait that is given up ends without a permit', async () => {
  const semaphore = semaphores(1, 1).all[0]!;
  const held = await take(semaphore);
  const abort = new AbortController();
  const waiting = take(semaphore, 60_000, abort.signal);
  abort.abort();
  assert.equal(await waiting, null);
  release(held);
  assert.notEqual(await take(semaphore), null);
});
