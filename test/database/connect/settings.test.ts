import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import { createTestDatabase } from '../../support/database.ts';

test('values are read alike whatever the database pins for its sessions', async () => {
  await using database = await createTestDatabase();
  const name = new URL(database.url).pathname.slice(1);
  for (const setting of [
    "datestyle = 'SQL, DMY'",
    "intervalstyle = 'iso_8601'",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    'extra_float_digits = -15',
    'standard_conforming_strings = off',
    "default_transaction_isolation = 'serializable'",
  ])
    await sql.raw(`alter database ${name} set ${setting}`).execute(database.db);
  await using fresh = openDatabase(database.url, { max: 1, onError: (error) => assert.fail(error) });
  const { rows } = await sql`
    select timestamptz '2026-02-01 12:00:00Z' as at, '\\x005c'::bytea as bytes, 0.1::float8 + 0.2::float8 as sum,
      current_setting('transaction_isolation') as isolation, (interval '1 day 2 hours')::text as span`.execute(
    fresh.db,
  );
  assert.deepEqual(rows, [
    {
      at: new Date('2026-02-01T12:00:00Z'),
      bytes: Buffer.from([0, 0x5c]),
      sum: 0.1 + 0.2,
      isolation: 'read committed',
      span: '1 day 02:00:00',
    },
  ]);
});
