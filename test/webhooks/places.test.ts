import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Places } from '../../src/webhooks/dispatch/places.ts';
import { eventually } from '../support/wait.ts';

let lacking = false;
let grown = 0;
const places = new Places(() => grown++);
before(() => places.start(() => lacking));
after(() => places.stop());

test('places become more while requests wait for one and the thread has time for them, up to 512', async () => {
  assert.equal(places.limit, 64);
  lacking = true;
  await eventually(() => places.limit === 512);
  assert.equal(grown, 3);
});

test('and fewer while the thread is busy, down to 64', async () => {
  const until = performance.now() + 20_000;
  while (places.limit > 64 && performance.now() < until) {
    for (const end = performance.now() + 5; performance.now() < end;);
    await turn();
  }
  assert.equal(places.limit, 64);
});

test('nobody waits, nothing changes', async () => {
  lacking = false;
  const earlier = grown;
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([places.limit, grown], [64, earlier]);
});
