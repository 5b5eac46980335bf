import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrialBudget } from '../../../src/webhooks/dispatch/endpoint/trial-budget.ts';
import { add, delivery, end, exchange, newEndpoint, paths, takeAll } from './fixtures.ts';

const TIMEOUT_MS = 15_000;
const many = (count: number, path = '/hook') => Array.from({ length: count }, () => delivery(path));
const distinct = (count: number, path: string) =>
  Array.from({ length: count }, (_, n) => delivery(`${path}/${n}`));

test('a healthy endpoint may claim further ahead with every success, up to a bound', () => {
  const endpoint = newEndpoint();
  assert.equal(endpoint.capacity(0).fresh, 8);
  exchange(endpoint, '/hook', 200, { count: 1000 });
  assert.equal(endpoint.capacity(0).fresh, 256);
});

test('a slow endpoint claims no more than it takes within seconds', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/hook', 200, { count: 1000, ms: 10_000 });
  assert.equal(endpoint.capacity(0).fresh, 8);
});

test('URLs are served in turn, whatever one of them has waiting', () => {
  const endpoint = newEndpoint();
  add(endpoint, [...many(20, '/busy'), delivery('/quiet'), delivery('/other')]);
  assert.deepEqual(paths(takeAll(endpoint)).slice(0, 4), ['/busy', '/quiet', '/other', '/busy']);
});

test('one URL that hangs holds eight places, and none of those of other URLs once it has stalled', () => {
  const endpoint = newEndpoint();
  add(endpoint, many(20, '/hanging'));
  const hanging = takeAll(endpoint);
  assert.equal(hanging.length, 8);
  add(endpoint, distinct(3, '/good'));
  assert.equal(takeAll(endpoint).length, 0);
  const given = hanging.flatMap((place) => endpoint.stall(place, 600, TIMEOUT_MS));
  assert.deepEqual(paths(given.map(({ delivery: one }) => ({ delivery: one }))), Array(12).fill('/hanging'));
  assert.deepEqual(paths(takeAll(endpoint, 600)), ['/good/0', '/good/1', '/good/2']);
  assert.deepEqual(Object.values(endpoint.laneLimits(600)).slice(0, 1), [0], 'no more is claimed of it');
});

test('the growth earned by live URLs gives a dead URL no places', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/went-dead', 200);
  for (let round = 0; round < 400; round++) {
    add(endpoint, many(endpoint.concurrency.limit, '/live'));
    for (const place of takeAll(endpoint)) end(place, 200);
  }
  assert.ok(endpoint.concurrency.limit > 20);
  add(endpoint, many(60, '/dead'));
  assert.equal(takeAll(endpoint).length, 8, 'it has never answered');
  add(endpoint, many(6, '/went-dead'));
  for (const place of takeAll(endpoint)) endpoint.stall(place, 600, TIMEOUT_MS);
  add(endpoint, many(60, '/went-dead'));
  assert.equal(takeAll(endpoint, 600).length, 2, 'all it has are stalled');
});

test('a request stalls later where answers take long, and soon where the timeout is short', () => {
  const slow = newEndpoint();
  exchange(slow, '/hook', 200, { count: 100, ms: 1000 });
  add(slow, [delivery('/hook')]);
  const [place] = takeAll(slow);
  slow.stall(place!, 2900, TIMEOUT_MS);
  assert.equal(slow.capacity(2900).fresh, slow.capacity(0).fresh, 'not yet');
  const before = slow.capacity(2900).fresh;
  slow.stall(place!, 3100, TIMEOUT_MS);
  assert.equal(slow.capacity(3100).fresh, before + 1);
  const hasty = newEndpoint();
  add(hasty, many(20, '/x'));
  const [first] = takeAll(hasty);
  hasty.stall(first!, 110, 400);
  add(hasty, [delivery('/y')]);
  assert.deepEqual(paths(takeAll(hasty, 110)), ['/y']);
});

test('URLs that hang, however many, leave two places to URLs that have answered', () => {
  const endpoint = newEndpoint({ maxConcurrency: 16 });
  exchange(endpoint, '/proven', 200);
  let now = 0;
  const hanging = distinct(40, '/hanging');
  for (let round = 0; round < 5; round++) {
    add(endpoint, hanging.splice(0, 8), now);
    const begun = takeAll(endpoint, now);
    now += 1000;
    for (const place of begun) endpoint.stall(place, now, TIMEOUT_MS);
  }
  assert.equal(takeAll(endpoint, now).length, 0, 'fourteen hang, and no other may join them');
  assert.equal(endpoint.provenLanes?.length, 1);
  add(endpoint, many(3, '/proven'), now);
  assert.deepEqual(paths(takeAll(endpoint, now)), ['/proven', '/proven']);
});

test('a failing URL gets half as many places each time, rests, and is probed; others go on', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/good', 200);
  exchange(endpoint, '/bad', 500);
  add(endpoint, many(20, '/bad'));
  const places = takeAll(endpoint);
  assert.equal(places.length, 4);
  for (const place of places) end(place, 500);
  exchange(endpoint, '/bad', 500, { count: 5 });
  assert.deepEqual(paths(add(endpoint, many(2, '/bad')).map((one) => ({ delivery: one }))), ['/bad', '/bad']);
  assert.equal(takeAll(endpoint, 100).length, 0, 'it rests');
  assert.equal(endpoint.restToReport(100), null, 'and the endpoint does not');
  add(endpoint, [delivery('/good')], 100);
  assert.deepEqual(paths(takeAll(endpoint, 100)), ['/good']);
  add(endpoint, many(2, '/bad'), 501);
  const [probe, ...others] = takeAll(endpoint, 501);
  assert.deepEqual([paths([probe!]), others.length], [['/bad'], 0]);
  end(probe!, 500, 501);
  assert.equal(add(endpoint, [delivery('/bad')], 1400).length, 1, 'the next rest is twice as long');
  assert.equal(add(endpoint, [delivery('/bad')], 1502).length, 0);
  end(takeAll(endpoint, 1502)[0]!, 200, 1502);
  add(endpoint, many(20, '/bad'), 1502);
  assert.ok(takeAll(endpoint, 1502).length > 1, 'one answer ends it');
});

test('an endpoint reports that it rests when no URL answers, and that it is back when one does', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/bad', 503, { count: 9 });
  assert.equal(endpoint.restToReport(0), null);
  exchange(endpoint, '/bad', 503);
  assert.deepEqual(endpoint.restToReport(0), { ms: 500, failures: 10 });
  exchange(endpoint, '/good', 200, { now: 100 });
  assert.deepEqual(endpoint.restToReport(100), { ms: 0, failures: 0 });
  assert.equal(endpoint.restToReport(100), null);
});

test('a host that cannot be reached rests as a whole, and no longer than thirty seconds', () => {
  const endpoint = newEndpoint();
  for (const one of distinct(10, '/hook'))
    exchange(endpoint, new URL(one.webhook_url).pathname, 'unreachable');
  assert.equal(endpoint.capacity(100).fresh, 0);
  assert.equal(add(endpoint, [delivery('/another')], 100).length, 1);
  assert.equal(endpoint.capacity(501).fresh, 1, 'one probe');
  for (let now = 501; now < 2_000_000; now += 60_000) exchange(endpoint, '/another', 'unreachable', { now });
  const rest = endpoint.restToReport(1_980_501);
  assert.ok(rest && rest.ms <= 30_000, String(rest?.ms));
  exchange(endpoint, '/yet-another', 404, { now: 2_100_000 });
  exchange(endpoint, '/hook/0', 200, { count: 5, now: 2_100_000 });
  assert.ok(endpoint.capacity(2_100_000).fresh > 1, 'an answer ends it');
});

test('failing URLs hold half of the places, however many they are', () => {
  const endpoint = newEndpoint();
  const failing = distinct(8, '/failing');
  for (const one of failing) exchange(endpoint, new URL(one.webhook_url).pathname, 500);
  add(
    endpoint,
    failing.map((one) => delivery(new URL(one.webhook_url).pathname, 'retry')),
  );
  assert.equal(takeAll(endpoint).length, 4);
  assert.equal(endpoint.capacity(0).retries, 0);
  add(endpoint, distinct(10, '/good'));
  assert.equal(takeAll(endpoint).length, 4);
});

test('URLs that refuse slow down the others only where none of these answers', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/refusing', 429, { count: 3 });
  assert.ok(endpoint.concurrency.limit < 8, 'it may be the host that refuses');
  exchange(endpoint, '/good', 200, { count: 40 });
  const { limit } = endpoint.concurrency;
  for (let n = 0; n < 20; n++) exchange(endpoint, `/refusing/${n}`, n % 2 === 0 ? 429 : 503);
  assert.ok(endpoint.concurrency.limit >= limit, `${endpoint.concurrency.limit} of ${limit}`);
  exchange(endpoint, '/good', 429, { now: 1000 });
  assert.ok(endpoint.concurrency.limit < limit, 'a URL that answered refuses');
});

test('retries of a URL that rests are deferred until its rest is over', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/bad', 500, { count: 10 });
  const retry = { delivery: delivery('/bad', 'retry'), claimedAt: 0 };
  assert.equal(endpoint.add(retry, 0), 5000);
  const fresh = { delivery: delivery('/bad'), claimedAt: 0 };
  assert.equal(endpoint.add(fresh, 0), 0);
});

test('what a person asks for is sent past every limit, sixteen at a time', () => {
  const endpoint = newEndpoint();
  exchange(endpoint, '/bad', 'unreachable', { count: 20 });
  add(
    endpoint,
    Array.from({ length: 20 }, () => delivery('/bad', 'urgent')),
  );
  const begun = [];
  for (let place = endpoint.takeUrgent(0); place; place = endpoint.takeUrgent(0)) begun.push(place);
  assert.equal(begun.length, 16);
  end(begun[0]!, 500);
  assert.ok(endpoint.takeUrgent(0));
});

test('a host that never answered gets a hundred requests, then two a second', () => {
  const flooded = newEndpoint({ budget: new TrialBudget() });
  const now = performance.now();
  exchange(flooded, '/victim', 404, { count: 1, now });
  let sent = 0;
  for (let n = 0; n < 300; n++) {
    add(flooded, [delivery(`/victim/${n}`)], now);
    for (const place of takeAll(flooded, now)) {
      sent++;
      end(place, 404, now);
    }
  }
  assert.equal(sent, 99);
  assert.equal(flooded.capacity(now).fresh, 0);
  add(flooded, distinct(10, '/later'), now + 5000);
  assert.ok(Math.abs(takeAll(flooded, now + 5000).length - 8) <= 2);

  const budget = new TrialBudget();
  for (let n = 0; n < 100; n++) budget.spendRequest();
  assert.equal(budget.available(performance.now()), 0);
  budget.pass();
  assert.equal(budget.available(performance.now()), Infinity);
});
