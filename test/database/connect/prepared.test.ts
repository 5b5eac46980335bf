import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import { PREPARED } from '../../../src/database/connect/prepared.ts';
import { rows as batchOf, text } from '../../../src/database/rows.ts';
import { createTestDatabase } from '../../support/database.ts';

test('a marked statement is prepared once for a connection, where that keeps its backend', async () => {
  await using target = await createTestDatabase();
  for (const prepares of [true, false]) {
    await using database = openDatabase(target.url, { max: 1, onError: () => {}, prepares });
    const { db } = database;
    for (const n of [1, 2]) {
      const { rows } = await sql<{ n: number }>`${PREPARED} select ${n}::int as n`.execute(db);
      assert.deepEqual(rows, [{ n }]);
    }
    const { rows } = await sql<{ name: string }>`select name from pg_prepared_statements`.execute(db);
    assert.equal(rows.length, prepares ? 1 : 0);
  }
});

test('a prepared statement over short batches is not planned again and again', async () => {
  await using target = await createTestDatabase();
  await using database = openDatabase(target.url, { max: 1, onError: () => {}, prepares: true });
  const { db } = database;
  await sql`set enable_seqscan = off`.execute(db);
  for (let n = 1; n <= 20; n++) {
    const batch = batchOf([n], { account_id: text(String), id: text(String) });
    await sql`${PREPARED}
      select o.id from outbox o join ${batch.asPrepared('b')} on o.account_id = b.account_id and o.id = b.id`.execute(
      db,
    );
  }
  const { rows: plans } = await sql<{ kept: boolean }>`
    select generic_plans >= 15 as kept from pg_prepared_statements where name <> ''`.execute(db);
  assert.deepEqual(plans, [{ kept: true }]);
});
