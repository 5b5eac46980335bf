import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointConcurrency } from '../../../src/webhooks/dispatch/endpoint/endpoint-concurrency.ts';

/**
 * Rounds of answers, as many at once as the limit says, from a receiver that takes `msOf(limit)`
 * for each.
 */
function run(
  concurrency: EndpointConcurrency,
  rounds: number,
  msOf: (limit: number) => number,
  from = 0,
): number {
  let now = from;
  for (let round = 0; round < rounds; round++) {
    const { limit } = concurrency;
    const ms = msOf(limit);
    now += ms;
    for (let n = 0; n < limit; n++) concurrency.succeed(ms, true, now);
  }
  return now;
}

test('while the receiver keeps up the limit grows by one a round, from 8 to the maximum', () => {
  const concurrency = new EndpointConcurrency(64);
  assert.equal(concurrency.limit, 8);
  run(concurrency, 10, () => 50);
  assert.ok(concurrency.limit >= 17 && concurrency.limit <= 18, String(concurrency.limit));
  run(concurrency, 100, () => 50);
  assert.equal(concurrency.limit, 64);
});

test('it does not grow where places are free', () => {
  const concurrency = new EndpointConcurrency(64);
  for (let n = 0; n < 1000; n++) concurrency.succeed(50, false, n);
  assert.equal(concurrency.limit, 8);
});

test('a receiver that answers one request after the other is not sent many at once', () => {
  const concurrency = new EndpointConcurrency(64);
  concurrency.succeed(10, false, 0);
  let highest = 0;
  run(concurrency, 300, (limit) => {
    highest = Math.max(highest, limit);
    return 10 * limit;
  });
  assert.ok(highest <= 32, String(highest));
});

test('refusals halve it once a round, down to one, and it grows again from there', () => {
  const concurrency = new EndpointConcurrency(64);
  const now = run(concurrency, 100, () => 50);
  for (let n = 0; n < 20; n++) concurrency.overload(now);
  assert.equal(concurrency.limit, 32, 'the losses of one round count once');
  for (let n = 1; n < 20; n++) concurrency.overload(now + n * 1000);
  assert.equal(concurrency.limit, 1);
  run(concurrency, 10, () => 50, now + 100_000);
  assert.ok(concurrency.limit >= 9, String(concurrency.limit));
});

test('a receiver that becomes slower for good is in time taken as it is', () => {
  const concurrency = new EndpointConcurrency(64);
  const now = run(concurrency, 50, () => 20);
  run(concurrency, 1000, () => 400, now);
  assert.equal(concurrency.limit, 64);
});

test('a busy machine, which delays most answers but not all, does not hold it down', () => {
  const concurrency = new EndpointConcurrency(64);
  let now = 0;
  for (let n = 0; n < 5000; n++) concurrency.succeed(n % 5 === 0 ? 50 : 400, true, (now += 10));
  assert.equal(concurrency.limit, 64);
});

test('a maximum below 8 holds from the start', () => {
  assert.equal(new EndpointConcurrency(3).limit, 3);
});
