import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Db } from '../../../src/database/tables.ts';
import { HostClock } from '../../../src/workers/hosts/clock.ts';
import { startTestService } from '../../support/service.ts';

const [A, B] = ['acc_a', 'acc_b'].map((accountId) => ({ accountId, host: 'slow.test' })) as [
  Visitor,
  Visitor,
];
interface Visitor {
  accountId: string;
  host: string;
}
const PATIENCE_MS = 30_000;

/** Lets `seconds` pass for the host. */
async function pass(db: Db, seconds: number): Promise<void> {
  await sql`update hosts set next_allowed_at = next_allowed_at - ${seconds} * interval '1 s'`.execute(db);
}

/** Takes turns until none is near enough, and returns how many. */
async function takeAll(clock: HostClock, visitor: Visitor, delayMs: number): Promise<number> {
  for (let taken = 0; ; taken++)
    if (!(await clock.takeTurn(visitor, { delayMs, patienceMs: PATIENCE_MS })).taken) return taken;
}

for (const delayMs of [5000, 10_000, 60_000])
  test(`an account that takes every turn of ${delayMs} ms leaves the next one to another`, async () => {
    await using service = await startTestService({ ROLES: 'web' });
    const clock = new HostClock(service.db);
    for (let round = 0; round < 5; round++) {
      await takeAll(clock, A, delayMs);
      const pace = { delayMs, patienceMs: PATIENCE_MS };
      const early = await clock.takeTurn(B, pace);
      if (!early.taken) {
        // While the other waits, the first account goes on asking.
        await pass(service.db, Math.ceil(early.waitMs / 1000));
        assert.equal(await takeAll(clock, A, delayMs), 0);
        assert.equal((await clock.takeTurn(B, pace)).taken, true);
      } else assert.ok(early.waitMs <= PATIENCE_MS);
      await pass(service.db, 120);
    }
  });

test('an account alone has every turn of a host', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const clock = new HostClock(service.db);
  let taken = 0;
  for (let second = 0; second < 300; second += 5) {
    taken += await takeAll(clock, A, 10_000);
    await pass(service.db, 5);
  }
  // Those of the last half minute are yet to come.
  assert.ok(taken >= 30 && taken <= 34, `${taken}`);
});
