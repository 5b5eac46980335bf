import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedClaim } from '../../../src/webhooks/dispatch/claim-plan.ts';
import type { Endpoint } from '../../../src/webhooks/dispatch/endpoint/endpoint.ts';
import { EndpointScheduler } from '../../../src/webhooks/dispatch/endpoint-scheduler.ts';
import type { ClaimedDelivery } from '../../../src/webhooks/outbox/claim.ts';
import { delivery, exchange } from './fixtures.ts';

const BUDGET = { total: 500, perAccount: 750 };
const ALL = { total: 100_000, perAccount: 100_000 };

function schedulerOf(endpoints: number, accountOf = (n: number) => `acct_${n}`): EndpointScheduler {
  const scheduler = new EndpointScheduler(64);
  for (let n = 0; n < endpoints; n++)
    scheduler.wake({ account_id: accountOf(n), endpoint: `host-${n}.test:443` }, ['fresh']);
  return scheduler;
}

const counts = (plans: PlannedClaim[]) => plans.map((plan) => plan.count);
const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

function endpointsOf(scheduler: EndpointScheduler): Endpoint[] {
  const endpoints = scheduler.plan(0, ALL).map((plan) => plan.target);
  for (const endpoint of endpoints) scheduler.wake(endpoint, ['fresh']);
  return endpoints;
}

/** Has every endpoint claim as far ahead as it may, as after a long time of successes. */
function warm(scheduler: EndpointScheduler): void {
  for (const endpoint of endpointsOf(scheduler)) exchange(endpoint, '/hook', 200, { count: 300 });
}

/** What a claim gives that finds `path`'s deliveries of each endpoint, as many as asked for. */
function found(plans: PlannedClaim[], path = '/hook'): ClaimedDelivery[] {
  return plans.flatMap(({ account_id, endpoint, count }) =>
    Array.from({ length: count }, () => ({ ...delivery(path), account_id, endpoint })),
  );
}

test('what there is room for is shared among the endpoints that have something due', () => {
  const scheduler = schedulerOf(10);
  warm(scheduler);
  assert.deepEqual(counts(scheduler.plan(0, BUDGET)), Array(10).fill(50));
});

test('one alone takes all that it may hold', () => {
  const scheduler = schedulerOf(1);
  warm(scheduler);
  assert.deepEqual(counts(scheduler.plan(0, BUDGET)), [256]);
});

test('with very many endpoints, some take sixteen each and the others come next', () => {
  const scheduler = schedulerOf(100);
  warm(scheduler);
  const first = scheduler.plan(0, BUDGET);
  assert.deepEqual(counts(first), [...Array<number>(31).fill(16), 4]);
  const next = new Set(scheduler.plan(0, BUDGET).map((plan) => plan.target));
  for (const { target } of first) assert.ok(!next.has(target));
});

test('those that back off leave their share to those that can take it', () => {
  const scheduler = schedulerOf(40);
  const [busy, ...resting] = endpointsOf(scheduler);
  exchange(busy!, '/hook', 200, { count: 300 });
  for (const endpoint of resting) exchange(endpoint, '/hook', 'unreachable', { count: 10 });
  assert.deepEqual(counts(scheduler.plan(0, BUDGET)), [256]);
});

test('an account holds no more than its part ahead, by however many endpoints', () => {
  const scheduler = schedulerOf(10, () => 'acct_a');
  warm(scheduler);
  assert.equal(sum(counts(scheduler.plan(0, { total: 500, perAccount: 120 }))), 120);
});

test('a claim that gave all it could is followed by another from after its last URL', () => {
  const scheduler = schedulerOf(1);
  const plans = scheduler.plan(0, BUDGET);
  assert.equal(plans[0]!.first_lane, 2);
  const deliveries = found(plans, '/one');
  assert.deepEqual(scheduler.distribute(plans, deliveries, 0), []);
  scheduler.takeBack();
  const [next] = scheduler.plan(0, BUDGET);
  assert.equal(next!.first_lane, deliveries[0]!.lane + 1);
  scheduler.distribute([next!], [], 0);
  const [again] = scheduler.plan(0, BUDGET);
  assert.equal(again!.first_lane, 2, 'behind the last URL comes the first one again');
  scheduler.distribute([again!], [], 0);
  assert.deepEqual(scheduler.plan(0, BUDGET), [], 'nothing more is due');
});

test('what a person asked for and retries are claimed beside fresh deliveries, each from its lane', () => {
  const scheduler = schedulerOf(1);
  const [endpoint] = endpointsOf(scheduler);
  scheduler.wake(endpoint!, ['urgent', 'retries']);
  const plans = scheduler.plan(0, BUDGET);
  const ranges = plans.map(({ kind, first_lane, count }) => [kind, first_lane, count]);
  assert.deepEqual(ranges, [
    ['urgent', 0, 16],
    ['retries', 1, 4],
    ['fresh', 2, 8],
  ]);
});

test('nothing is claimed for an account whose secret cannot be opened here', () => {
  const scheduler = schedulerOf(2);
  const [first] = endpointsOf(scheduler);
  first!.account.restUntil = 1000;
  assert.equal(scheduler.plan(0, BUDGET).length, 1);
  assert.equal(scheduler.plan(1001, BUDGET).length, 1);
});
