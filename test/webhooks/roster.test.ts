import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Roster, type Asked } from '../../src/webhooks/dispatch/roster.ts';

const ROOM = 500;
const SHARE = 750;

function rosterOf(endpoints: number, accountOf = (n: number) => `acct_${n}`): Roster {
  const roster = new Roster();
  for (let n = 0; n < endpoints; n++)
    roster.wake({ account_id: accountOf(n), endpoint: `host-${n}.test:443` });
  return roster;
}

const counts = (asked: Asked[]) => asked.map(({ want }) => want.count);

/** Has every endpoint asked get as much as it may hold, as after a long time of successes. */
function warm(roster: Roster): void {
  for (const { endpoint } of roster.ask(0, 100_000, 100_000)) {
    for (let n = 0; n < 1000; n++) endpoint.settle(finished(null), 0);
    roster.wake(endpoint);
  }
}

function finished(error: 'timeout' | null) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what an endpoint learns from
  return { result: { error, duration_ms: 1 } } as Parameters<Asked['endpoint']['settle']>[0];
}

test('what there is room for is shared among the endpoints that have something due', () => {
  const roster = rosterOf(10);
  warm(roster);
  assert.deepEqual(counts(roster.ask(0, ROOM, SHARE)), Array(10).fill(50));
});

test('one alone takes all that it may hold', () => {
  const roster = rosterOf(1);
  warm(roster);
  assert.deepEqual(counts(roster.ask(0, ROOM, SHARE)), [256]);
});

test('of very many some take sixteen each, and the others are next', () => {
  const roster = rosterOf(100);
  warm(roster);
  const first = roster.ask(0, ROOM, SHARE);
  assert.deepEqual(counts(first), [...Array(31).fill(16), 4]);
  const next = new Set(roster.ask(0, ROOM, SHARE).map(({ endpoint }) => endpoint));
  for (const { endpoint } of first) assert.ok(!next.has(endpoint));
});

test('those that rest leave their share to who can take it', () => {
  const roster = rosterOf(40);
  const [busy, ...resting] = roster.ask(0, 100_000, 100_000).map(({ endpoint }) => endpoint);
  for (let n = 0; n < 1000; n++) busy!.settle(finished(null), 0);
  for (const endpoint of resting) for (let n = 0; n < 20; n++) endpoint.settle(finished('timeout'), 0);
  for (const endpoint of [...resting, busy!]) roster.wake(endpoint);
  assert.deepEqual(counts(roster.ask(0, ROOM, SHARE)), [256]);
});

test('an account holds no more than its share ahead, by however many endpoints', () => {
  const roster = rosterOf(10, () => 'acct_a');
  warm(roster);
  const asked = roster.ask(0, ROOM, 120);
  assert.equal(
    counts(asked).reduce((sum, n) => sum + n, 0),
    120,
  );
});
