import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { PrioritySemaphore } from '../../../src/limits/priority-semaphore.ts';
import { LARGEST_READING_BYTES } from '../../../src/workers/reading/page-weight.ts';
import { ReadingMemory } from '../../../src/workers/reading/reading-memory.ts';

const never = () => new AbortController().signal;

/** Asks for a permit of 1 for each name in turn, and says in which order they come. */
async function orderOf(semaphore: PrioritySemaphore, names: string[]): Promise<string[]> {
  const order: string[] = [];
  const requests = names.map(async (name) => {
    const permit = await semaphore.acquire({ amount: 1, urgent: name.startsWith('urgent') }, never());
    order.push(name);
    permit![Symbol.dispose]();
  });
  await Promise.all(requests);
  return order;
}

test('urgent requests come first, and each fifth turn is for others', async () => {
  const semaphore = new PrioritySemaphore(1);
  const held = await semaphore.acquire({ amount: 1, urgent: false }, never());
  const urgent = Array.from({ length: 6 }, (_, n) => `urgent ${n}`);
  const order = orderOf(semaphore, ['batch 0', 'batch 1', ...urgent]);
  held![Symbol.dispose]();
  assert.deepEqual(await order, [...urgent.slice(0, 4), 'batch 0', ...urgent.slice(4), 'batch 1']);
});

test('a request for all there is waits for it, and is not passed', async () => {
  const semaphore = new PrioritySemaphore(2);
  const held = await semaphore.acquire({ amount: 1, urgent: true }, never());
  const gone = new AbortController();
  const all = semaphore.acquire({ amount: 5, urgent: true }, gone.signal);
  let came = false;
  const small = semaphore.acquire({ amount: 1, urgent: true }, never()).then((permit) => {
    came = true;
    return permit;
  });
  await sleep(10);
  assert.ok(!came);
  gone.abort();
  assert.equal(await all, null);
  assert.equal((await small)!.amount, 1);
  held![Symbol.dispose]();
});

test('a page that yields gives way to an urgent one; one that does not is waited for', async () => {
  const memory = new ReadingMemory();
  const bytes = LARGEST_READING_BYTES;
  const wanted = async (yields: boolean): Promise<boolean> => {
    using place = await memory.enter({ bytes, urgent: false, yields }, never());
    const gone = new AbortController();
    const urgent = memory.enter({ bytes, urgent: true, yields: false }, gone.signal);
    await sleep(1500);
    gone.abort();
    await assert.rejects(urgent, { name: 'AbortError' });
    return place.wanted.aborted;
  };
  assert.ok(await wanted(true));
  assert.ok(!(await wanted(false)));
});

test('readers return what they do not use while heavy pages take more than half of the memory', async () => {
  const memory = new ReadingMemory();
  let rests = 0;
  memory.onHeavy(async () => void rests++);
  const enter = async (bytes: number) => await memory.enter({ bytes, urgent: false, yields: false }, never());
  const third = Math.floor(LARGEST_READING_BYTES / 3);
  using stack = new DisposableStack();
  stack.use(await enter(third));
  assert.equal(rests, 0);
  const second = await enter(third);
  assert.equal(rests, 1);
  second[Symbol.dispose]();
  stack.use(await enter(LARGEST_READING_BYTES - third));
  assert.equal(rests, 2);
});
