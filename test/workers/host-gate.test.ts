import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostGate, hostGateMemory } from '../../src/workers/hosts/gate.ts';

const never = new AbortController().signal;

test('over all threads no more than the cap, and one place is the express lane’s', async () => {
  const memory = hostGateMemory(3);
  const interactive = new HostGate(memory, 'interactive', 0, 3);
  const [first, second] = [new HostGate(memory, 'bulk', 1, 3), new HostGate(memory, 'bulk', 2, 3)];
  assert.deepEqual(
    [
      await first.acquire('a.test', 0, never),
      await second.acquire('a.test', 0, never),
      await second.acquire('a.test', 0, never),
    ],
    [true, true, false],
  );
  assert.equal(await interactive.acquire('a.test', 0, never), true);
  assert.equal(await interactive.acquire('a.test', 0, never), false);
  assert.equal(await first.acquire('b.test', 0, never), true);
});

test('a cap of one serves both lanes', async () => {
  const memory = hostGateMemory(2);
  const bulk = new HostGate(memory, 'bulk', 1, 1);
  assert.equal(await bulk.acquire('a.test', 0, never), true);
  assert.equal(await new HostGate(memory, 'interactive', 0, 1).acquire('a.test', 0, never), false);
});

test('who waits gets the place that another thread releases, in each thread in the order in which they came', async () => {
  const memory = hostGateMemory(3);
  const [first, second] = [new HostGate(memory, 'bulk', 1, 2), new HostGate(memory, 'bulk', 2, 2)];
  await first.acquire('a.test', 0, never);
  const order = { first: [] as number[], second: [] as number[] };
  const waiting = [1, 2, 3, 4, 5].map(async (n) => {
    const [gate, taken] = n % 2 === 0 ? [first, order.first] : [second, order.second];
    assert.equal(await gate.acquire('a.test', 30_000, never), true);
    taken.push(n);
    gate.release('a.test');
  });
  first.release('a.test');
  await Promise.all(waiting);
  assert.deepEqual(order, { first: [2, 4], second: [1, 3, 5] });
});

test('nobody overtakes in a thread, and nobody waits for one that has given up', async () => {
  const memory = hostGateMemory(2);
  const gate = new HostGate(memory, 'bulk', 1, 2);
  await gate.acquire('a.test', 0, never);
  const [abort, order] = [new AbortController(), [] as string[]];
  const wait = async (name: string, signal: AbortSignal) => {
    if (await gate.acquire('a.test', 30_000, signal)) order.push(name);
  };
  const waiting = [wait('first', never), wait('gone', abort.signal), wait('last', never)];
  abort.abort();
  gate.release('a.test');
  assert.equal(await gate.acquire('a.test', 0, never), false);
  await waiting[0];
  gate.release('a.test');
  await Promise.all(waiting);
  assert.deepEqual(order, ['first', 'last']);
});

test('the last place is for a thread that has none, where one waits', async () => {
  const memory = hostGateMemory(3);
  const [first, second] = [new HostGate(memory, 'bulk', 1, 4), new HostGate(memory, 'bulk', 2, 4)];
  for (let n = 0; n < 3; n++) assert.equal(await first.acquire('a.test', 0, never), true);
  const waiting = second.acquire('a.test', 30_000, never);
  first.release('a.test');
  assert.equal(await first.acquire('a.test', 0, never), false);
  assert.equal(await waiting, true);
  first.release('a.test');
  assert.equal(await first.acquire('a.test', 0, never), true);
});

test('a dead thread gives back what it held, and those who wait go on', async () => {
  const memory = hostGateMemory(3);
  const [dead, other] = [new HostGate(memory, 'bulk', 1, 3), new HostGate(memory, 'bulk', 2, 3)];
  await dead.acquire('a.test', 0, never);
  await dead.acquire('a.test', 0, never);
  const waiting = [other.acquire('a.test', 30_000, never), other.acquire('a.test', 30_000, never)];
  HostGate.clear(memory, 1);
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.equal(await other.acquire('a.test', 0, never), false);
});

test('a wait that is given up ends without a place', async () => {
  const memory = hostGateMemory(2);
  const gate = new HostGate(memory, 'bulk', 1, 2);
  await gate.acquire('a.test', 0, never);
  const abort = new AbortController();
  const waiting = gate.acquire('a.test', 60_000, abort.signal);
  abort.abort();
  assert.equal(await waiting, false);
  gate.release('a.test');
  assert.equal(await gate.acquire('a.test', 0, never), true);
});
