import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claimed } from '../../src/webhooks/outbox/claim.ts';
import { Endpoint, MAX_IN_FLIGHT } from '../../src/webhooks/dispatch/endpoint.ts';
import type { Finished } from '../../src/webhooks/outbox/record.ts';
import { Slots } from '../../src/webhooks/dispatch/slots.ts';

const finished = (error: 'timeout' | null, duration_ms = 5) =>
  ({ result: { error, duration_ms } }) as Finished;
const endpoint = () => new Endpoint('acct_1', 'a.example:443', { ahead: 0, inFlight: 0 });

test('a healthy endpoint is given more room with every success, up to a bound', () => {
  const healthy = endpoint();
  assert.equal(healthy.want(0).count, MAX_IN_FLIGHT);
  for (let i = 0; i < 1000; i++) healthy.settle(finished(null), i);
  assert.equal(healthy.want(0).count, 256);
});

test('a slow endpoint is given no more than it will take within seconds', () => {
  const slow = endpoint();
  for (let i = 0; i < 1000; i++) slow.settle(finished(null, 10_000), i);
  assert.equal(slow.want(0).count, 5);
});

test('failures halve the room, then the endpoint rests, is probed with one, and its rate rises from there', () => {
  const failing = endpoint();
  for (let i = 0; i < 9; i++) assert.equal(failing.settle(finished('timeout'), 0), false);
  assert.equal(failing.want(0).count, 1);
  assert.equal(failing.settle(finished('timeout'), 0), true, 'others are told that it rests');
  assert.equal(failing.want(0).count, 0);
  assert.equal(failing.want(501).count, 1, 'one probe after the rest');
  failing.settle(finished('timeout'), 501);
  assert.equal(failing.want(1000).count, 0, 'the next rest is longer');
  for (let i = 0; i < 50; i++) failing.settle(finished('timeout'), 1000);
  assert.equal(failing.rest(1000).ms, 30_000, 'and never longer than this');
  assert.equal(failing.settle(finished(null), 31_001), true, 'others are told that it answers');
  assert.equal(failing.want(31_001).count, 2);
  const rates = [];
  for (let i = 0; i < 12; i++) {
    failing.ahead.push({ delivery: {} as Claimed, claimedAt: 0 });
    failing.inFlight = 0;
    while (failing.canSend() && failing.inFlight < 100) failing.inFlight++;
    rates.push(failing.inFlight);
    failing.inFlight = 0;
    failing.settle(finished(null), 31_001);
  }
  assert.deepEqual(rates, [2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8, 8]);
});

test('slots: no more than there are places, no key holds two, nobody is forgotten', async () => {
  const slots = new Slots(2);
  const running = new Set<string>();
  let most = 0;
  const order: string[] = [];
  const task = (key: string) => async () => {
    assert.ok(!running.has(key), `${key} holds two places`);
    running.add(key);
    most = Math.max(most, running.size);
    await new Promise((done) => setImmediate(done));
    running.delete(key);
    order.push(key);
  };
  await Promise.all(['a', 'a', 'a', 'b', 'c', 'b', 'c'].map((key) => slots.run(key, task(key))));
  assert.equal(most, 2);
  assert.deepEqual(order.toSorted(), ['a', 'a', 'a', 'b', 'b', 'c', 'c']);
  await assert.rejects(
    slots.run('a', async () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await slots.run('a', async () => 7), 7, 'a failed task gives its place back');
});
