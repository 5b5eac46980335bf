import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndpointScheduler } from '../../../src/webhooks/dispatch/endpoint-scheduler.ts';
import { INITIAL_CONCURRENCY } from '../../../src/webhooks/dispatch/endpoint/endpoint-concurrency.ts';
import type { Endpoint } from '../../../src/webhooks/dispatch/endpoint/endpoint.ts';
import { Rooms } from '../../../src/webhooks/dispatch/rooms.ts';
import type { Room } from '../../../src/webhooks/direct/reservation.ts';
import { add, delivery, exchange, takeAll } from './fixtures.ts';

const BUDGET = { total: 500, perAccount: 750 };
const A = { account_id: 'acct_1', webhook_url: 'https://a.example/hook', urgent: false };
const NAME = { account_id: 'acct_1', endpoint: 'a.example:443' };

/** Rooms over a scheduler that knows one endpoint at which nothing is due. */
function setUp({ accepts = true, hasPlace = true } = {}) {
  const scheduler = new EndpointScheduler(64);
  scheduler.wake(NAME, ['fresh']);
  const [plan] = scheduler.plan(0, BUDGET);
  scheduler.endClaims();
  const taken: Endpoint[] = [];
  const handedOver = (endpoint: Endpoint) => void taken.push(endpoint);
  const rooms = new Rooms({ scheduler, accepts: () => accepts, hasPlace: () => hasPlace, handedOver });
  return { scheduler, rooms, taken, endpoint: plan!.target };
}

const all = (rooms: Rooms, to = A): Room[] => {
  const given: Room[] = [];
  for (let room = rooms.room(to); room; room = rooms.room(to)) given.push(room);
  return given;
};

test('there is room for as many as may be under way, and again for each that ends', () => {
  const { rooms, taken, endpoint } = setUp();
  const given = all(rooms);
  assert.equal(given.length, INITIAL_CONCURRENCY);
  assert.equal(rooms.open, INITIAL_CONCURRENCY);
  given[0]!.giveBack();
  const again = all(rooms);
  assert.equal(again.length, 1);
  again[0]!.handOver(delivery('/hook'), 5);
  assert.deepEqual(taken, [endpoint]);
  assert.equal(rooms.open, INITIAL_CONCURRENCY - 1);
});

test('what is under way and what is kept fill an endpoint together, and a claim takes the rest', () => {
  const { scheduler, rooms, endpoint } = setUp();
  add(endpoint, [delivery('/hook'), delivery('/hook')]);
  takeAll(endpoint);
  assert.equal(all(rooms).length, INITIAL_CONCURRENCY - 2);
  scheduler.wake(NAME, ['fresh']);
  assert.deepEqual(scheduler.plan(0, BUDGET), []);
});

test('there is none while something older is due, is being claimed, or waits', () => {
  const { scheduler, rooms, endpoint } = setUp();
  scheduler.wake(NAME, ['retries']);
  assert.equal(rooms.room(A), null);
  assert.equal(scheduler.plan(0, BUDGET).length, 1);
  assert.equal(rooms.room(A), null);
  scheduler.endClaims();
  assert.notEqual(rooms.room(A), null);
  add(endpoint, [delivery('/other')]);
  assert.equal(rooms.room(A), null);
  assert.notEqual(rooms.room({ ...A, webhook_url: 'https://b.example/hook' }), null);
});

test('there is none for a URL that fails, a host out of reach, or where the process has no place', () => {
  const now = performance.now();
  const failing = setUp();
  exchange(failing.endpoint, '/hook', 500, { now });
  assert.equal(failing.rooms.room(A), null);
  assert.notEqual(failing.rooms.room({ ...A, webhook_url: 'https://a.example/other' }), null);

  const unreachable = setUp();
  exchange(unreachable.endpoint, '/other', 'unreachable', { count: 10, now });
  assert.equal(unreachable.rooms.room(A), null);

  assert.equal(setUp({ accepts: false }).rooms.room(A), null);
  assert.equal(setUp({ hasPlace: false }).rooms.room(A), null);
});

test('there is none past what a host that never answered may be sent', () => {
  const { rooms, endpoint } = setUp();
  endpoint.budget.available(performance.now());
  for (let n = 0; n < 98; n++) endpoint.budget.spendRequest();
  assert.equal(all(rooms).length, 2);
});

test('what a person asks for finds room past the limits of others, sixteen at a time', () => {
  const { scheduler, rooms } = setUp({ hasPlace: false });
  scheduler.wake(NAME, ['fresh']);
  assert.equal(all(rooms, { ...A, urgent: true }).length, 16);
  scheduler.wake(NAME, ['urgent']);
  assert.equal(rooms.room({ ...A, urgent: true }), null);
});

test('an endpoint for which room is kept is not forgotten', () => {
  const { rooms, endpoint } = setUp();
  const room = rooms.room(A)!;
  assert.equal(endpoint.idle, false);
  room.giveBack();
  assert.equal(endpoint.idle, true);
});
