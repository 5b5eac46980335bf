import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { activityByMinute } from '../../src/jobs/read/activity.ts';
import { newId } from '../../src/ids.ts';
import { attemptsByHour, readBacklog } from '../../src/webhooks/read/activity.ts';
import { createTestDatabase } from '../support/database.ts';

const ACCOUNT = newId('acct');
const latency = (bin: number, n: number) => Array.from({ length: 40 }, (_, i) => (i === bin ? n : 0));
const near = (pages: number, expected: number) =>
  assert.ok(Math.abs(pages - expected) < 0.25, `${pages} is not ${expected}`);

test('pages are spread over the minutes in which their job ran, jobs counted where they began', async () => {
  await using database = await createTestDatabase();
  // In a transaction the database's clock stands still.
  await database.db.transaction().execute(async (db) => {
    const add = (began: string, ended: string | null, pages: number, total = pages) =>
      sql`insert into jobs (account_id, id, kind, options, total, remaining, succeeded, reserved, status, created_at, finished_at)
      values (${ACCOUNT}, ${newId('job')}, 'batch', '{}', ${total}, ${total - pages}, ${pages}, 0,
        ${ended === null ? 'running' : 'completed'}, date_trunc('minute', now()) - ${began}::interval,
        ${ended === null ? sql`null` : sql`date_trunc('minute', now()) - ${ended}::interval`})`.execute(db);
    assert.ok(
      (await activityByMinute(db, ACCOUNT, 10)).every(({ jobs, pages }) => jobs === 0 && pages === 0),
    );
    await add('5 minutes', '3 minutes', 60); // half in each of two minutes
    await add('4 minutes 30 seconds', '4 minutes', 8); // within one
    await add('90 minutes', null, 900, 1000); // runs on: ten a minute, or less as this minute goes by
    const minutes = await activityByMinute(db, ACCOUNT, 10);
    assert.equal(minutes.length, 10);
    assert.deepEqual(
      minutes.map(({ jobs }) => jobs),
      [0, 0, 0, 0, 2, 0, 0, 0, 0, 0],
    );
    const steady = minutes[0]!.pages;
    assert.ok(steady > 9.8 && steady <= 10, `${steady}`);
    near(minutes[4]!.pages, steady + 30 + 8);
    near(minutes[5]!.pages, steady + 30);
    near(minutes[6]!.pages, steady);
    assert.ok(
      (await activityByMinute(db, newId('acct'), 10)).every(({ jobs, pages }) => jobs === 0 && pages === 0),
    );
  });
});

test('attempts are added up by the hour over all endpoints of the account', async () => {
  await using database = await createTestDatabase();
  // In a transaction the database's clock stands still.
  await database.db.transaction().execute(async (db) => {
    for (const [endpoint, hours, succeeded, failed, bin] of [
      ['a.test:443', 0, 9, 0, 10],
      ['b.test:443', 0, 0, 1, 20],
      ['a.test:443', 3, 5, 5, 12],
      ['a.test:443', 30, 1, 1, 12],
    ] as const) {
      await sql`insert into endpoint_hours (account_id, endpoint, hour, succeeded, failed, latency, last_at)
      values (${ACCOUNT}, ${endpoint}, date_trunc('hour', now()) - ${hours} * interval '1 hour', ${succeeded}, ${failed},
        ${latency(bin, succeeded + failed)}::int[], now())`.execute(db);
    }
    const hours = await attemptsByHour(db, ACCOUNT, 24);
    assert.equal(hours.length, 24);
    const { succeeded, failed, p50_ms, p99_ms } = hours.at(-1)!;
    assert.deepEqual(
      { succeeded, failed, p50_ms, p99_ms },
      { succeeded: 9, failed: 1, p50_ms: 32, p99_ms: 1024 },
    );
    assert.equal(hours.at(-4)!.failed, 5);
    assert.equal(hours.at(-2)!.p50_ms, null);
    assert.equal(
      hours.reduce((sum, h) => sum + h.succeeded + h.failed, 0),
      20,
    );
    assert.deepEqual(await readBacklog(db, ACCOUNT), { pending: 0, failing: 0, due: 0, oldest_due_at: null });
  });
});
