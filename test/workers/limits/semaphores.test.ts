import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedSemaphore } from '../../../src/limits/keyed-semaphore.ts';
import type { Permit } from '../../../src/limits/permit.ts';
import { Semaphore } from '../../../src/limits/semaphore.ts';
import { SharedSemaphore, sharedSemaphoreMemory } from '../../../src/limits/shared-semaphore.ts';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a promise has come to within a moment. */
async function soon<T>(promise: Promise<T>): Promise<T | 'waits'> {
  return await Promise.race([promise, sleep(50).then(() => 'waits' as const)]);
}

const release = (permit: Permit | null) => permit![Symbol.dispose]();
const amountOf = async (acquired: Promise<Permit | null>) => (await acquired)?.amount ?? null;

test('a semaphore serves in order, skips waiters that gave up, and takes a permit back once', async () => {
  const semaphore = new Semaphore(10);
  const most = await semaphore.acquire(9);
  const givenUp = new AbortController();
  const order: string[] = [];
  const large = semaphore.acquire(10, givenUp.signal).then((permit) => order.push(`large ${permit?.amount}`));
  const small = semaphore.acquire(1).then(() => order.push('small'));
  assert.equal(await soon(small), 'waits');
  givenUp.abort();
  await Promise.all([large, small]);
  assert.deepEqual(order, ['large undefined', 'small']);
  release(most);
  release(most);
  assert.equal(await amountOf(semaphore.acquire(9)), 9);
  assert.equal(await soon(semaphore.acquire(1)), 'waits');
  assert.equal(await amountOf(semaphore.acquire(1, AbortSignal.abort())), null);
});

test('a shrunk permit lets the next in; one that asks for more than there is gets all', async () => {
  const semaphore = new Semaphore(10);
  const all = await semaphore.acquire(1000);
  assert.equal(all?.amount, 10);
  const next = semaphore.acquire(4);
  all.shrink(6);
  assert.equal(await amountOf(next), 4);
  all.shrink(8);
  assert.equal(all.amount, 6);
});

test('keys do not wait for each other', async () => {
  const semaphore = new KeyedSemaphore(1);
  const first = await semaphore.acquire('a');
  const waiting = semaphore.acquire('a');
  assert.equal(await soon(waiting), 'waits');
  assert.equal(await amountOf(semaphore.acquire('b')), 1);
  release(first);
  assert.equal(await amountOf(waiting), 1);
  assert.equal(await soon(semaphore.acquire('a')), 'waits');
});

test('threads share the capacity, and a request for more than that gets all of it', async () => {
  const memory = sharedSemaphoreMemory(2);
  const [one, other] = [new SharedSemaphore(memory, 0, 10), new SharedSemaphore(memory, 1, 10)];
  const six = await one.acquire(6);
  const four = await other.acquire(4);
  const all = other.acquire(100);
  assert.equal(await soon(all), 'waits');
  release(four);
  assert.equal(await soon(all), 'waits');
  release(six);
  assert.equal(await amountOf(all), 10);
});

test('a thread that gives back and asks again comes after one that waits', async () => {
  const memory = sharedSemaphoreMemory(2);
  const [one, other] = [new SharedSemaphore(memory, 0, 1), new SharedSemaphore(memory, 1, 1)];
  let held = (await one.acquire())!;
  for (let turn = 0; turn < 3; turn++) {
    const waiting = other.acquire();
    assert.equal(await soon(waiting), 'waits');
    release(held);
    const again = one.acquire();
    assert.equal(await soon(again), 'waits');
    release(await waiting);
    held = (await again)!;
  }
});

test('what was left to a waiter that gave up is taken by the next one', async () => {
  const memory = sharedSemaphoreMemory(2);
  const [one, other] = [new SharedSemaphore(memory, 0, 2), new SharedSemaphore(memory, 1, 2)];
  await one.acquire(1);
  const givenUp = new AbortController();
  const both = other.acquire(2, givenUp.signal);
  const second = one.acquire(1);
  assert.equal(await soon(second), 'waits');
  givenUp.abort();
  assert.deepEqual([await amountOf(both), await amountOf(second)], [null, 1]);
});

test('within a thread the first waiter is served first, and one that gives up takes nothing', async () => {
  const semaphore = new SharedSemaphore(sharedSemaphoreMemory(1), 0, 10);
  await semaphore.acquire(9);
  const givenUp = new AbortController();
  const [large, small] = [semaphore.acquire(10, givenUp.signal), semaphore.acquire(1)];
  assert.equal(await soon(small), 'waits');
  givenUp.abort();
  assert.deepEqual([await amountOf(large), await amountOf(small)], [null, 1]);
});

test('what a dead thread had is there again for the others', async () => {
  const memory = sharedSemaphoreMemory(2);
  await new SharedSemaphore(memory, 0, 10).acquire(10);
  const waiting = new SharedSemaphore(memory, 1, 10).acquire(10);
  assert.equal(await soon(waiting), 'waits');
  SharedSemaphore.clear(memory, 0);
  assert.equal(await amountOf(waiting), 10);
});
