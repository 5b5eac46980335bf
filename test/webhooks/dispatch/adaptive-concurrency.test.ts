import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AdaptiveConcurrency } from '../../../src/webhooks/dispatch/adaptive-concurrency.ts';
import { eventually } from '../../support/wait.ts';

let short = false;
let grown = 0;
const concurrency = new AdaptiveConcurrency(
  () => short,
  () => grown++,
);
before(() => concurrency.start());
after(() => concurrency.stop());

test('the limit grows while requests lack a place and the thread has time, up to 512', async () => {
  assert.equal(concurrency.limit, 64);
  short = true;
  await eventually(() => concurrency.limit === 512);
  assert.equal(grown, 3);
});

test('it shrinks while the thread is busy, down to 64', async () => {
  short = false;
  const patience = performance.now() + 30_000;
  while (concurrency.limit > 64 && performance.now() < patience) {
    for (const end = performance.now() + 20; performance.now() < end;);
    await turn();
  }
  assert.equal(concurrency.limit, 64);
});

test('it stays where nothing lacks a place', async () => {
  const earlier = grown;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([concurrency.limit, grown], [64, earlier]);
});
