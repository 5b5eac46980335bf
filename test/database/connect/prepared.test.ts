import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import { PREPARED } from '../../../src/database/connect/prepared.ts';
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
