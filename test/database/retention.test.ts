import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createAccount } from '../../src/accounts/accounts.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { dropOldDays, makeDays } from '../../src/database/retention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** Inserts a job, its page with a file, its delivery and an attempt, all created `days` ago. */
async function oldJob(
  { db }: TestDatabase,
  account: string,
  daysAgo: number,
  options: { running?: boolean; pending?: boolean } = {},
) {
  await sql`select ensure_partitions((now() at time zone 'utc')::date - ${daysAgo}::int)`.execute(db);
  const { rows } = await sql<{ job: string; dlv: string }>`
    select id_floor('job_', (now() at time zone 'utc')::date - ${daysAgo}::int) || '00000000000a' as job,
      id_floor('dlv_', (now() at time zone 'utc')::date - ${daysAgo}::int) || '00000000000a' as dlv`.execute(
    db,
  );
  const { job, dlv } = rows[0]!;
  const ended = options.running ? null : new Date();
  await sql`insert into jobs (account_id, id, kind, status, options, total, remaining, succeeded, reserved, finished_at)
    values (${account}, ${job}, 'scrape', ${ended ? 'completed' : 'running'}, '{}', 1, ${ended ? 0 : 1}, ${ended ? 1 : 0}, 1, ${ended})`.execute(
    db,
  );
  await sql`insert into pages (account_id, job_id, ordinal, url, host, cache_key, status, fragment, settled_at)
    values (${account}, ${job}, 0, 'https://a.example/', 'a.example', '\\x00', 'ok', '{}', now())`.execute(
    db,
  );
  await sql`insert into files (account_id, job_id, name, ordinal, type, sha256, content)
    values (${account}, ${job}, '0-page.pdf', 0, 'application/pdf', '\\x00', '\\x00')`.execute(db);
  const columns = sql`account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job`;
  const values = sql`${account}, ${dlv}, ${job}, 'job.completed', 'https://a.example/', 'a.example:443', ${job}, '', '', true`;
  if (options.pending) await sql`insert into outbox (${columns}) values (${values})`.execute(db);
  else
    await sql`insert into deliveries (${columns}, status, schedule_step, attempts, created_at)
      values (${values}, 'delivered', 0, 1, now())`.execute(db);
  await sql`insert into attempts (account_id, delivery_id, number, trigger) values (${account}, ${dlv}, 1, 'schedule')`.execute(
    db,
  );
}

async function count({ db }: TestDatabase, table: string): Promise<number> {
  return (await sql<{ n: number }>`select count(*)::int as n from ${sql.id(table)}`.execute(db)).rows[0]!.n;
}

test('expired days are dropped whole; days with something pending stay', async () => {
  await using database = await createTestDatabase();
  const { id } = await createAccount(database.db, createSecretBox(undefined), { name: 'a', credits: 1 });
  await oldJob(database, id, 60);
  await oldJob(database, id, 50, { running: true });
  await oldJob(database, id, 40, { pending: true });
  await oldJob(database, id, 10);
  const dropped = await dropOldDays(database.db, 30);
  assert.equal(dropped.length, 1);
  assert.equal(await count(database, 'jobs'), 3);
  assert.equal(await count(database, 'pages'), 3);
  assert.equal(await count(database, 'files'), 3);
  assert.equal(await count(database, 'deliveries'), 2);
  assert.equal(await count(database, 'outbox'), 1);
  assert.equal(await count(database, 'attempts'), 3);
  assert.deepEqual(await dropOldDays(database.db, 30), []);

  await sql`update jobs set status = 'completed', remaining = 0, succeeded = 1, finished_at = now() where finished_at is null`.execute(
    database.db,
  );
  await sql`delete from outbox`.execute(database.db);
  assert.equal((await dropOldDays(database.db, 30)).length, 2);
  assert.equal(await count(database, 'jobs'), 1);
  assert.equal(await count(database, 'attempts'), 1);
});

test('days are made and dropped when nobody reads the tables, and keep nobody from reading', async () => {
  await using database = await createTestDatabase();
  const { id } = await createAccount(database.db, createSecretBox(undefined), { name: 'a', credits: 1 });
  await oldJob(database, id, 60);
  await sql`drop table ${sql.id(await tomorrowsPartition(database))}`.execute(database.db);
  const backup = await database.pool.connect();
  try {
    await backup.query('begin');
    await backup.query('select from jobs limit 1');
    const [made, dropped] = await Promise.all([makeDays(database.db), dropOldDays(database.db, 30)]);
    assert.deepEqual([made, dropped], [false, []]);
    assert.equal(await count(database, 'jobs'), 1);
  } finally {
    await backup.query('rollback');
    backup.release();
  }
  assert.equal(await makeDays(database.db), true);
  assert.equal((await dropOldDays(database.db, 30)).length, 1);
});

async function tomorrowsPartition({ db }: TestDatabase): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select 'jobs_' || to_char((now() at time zone 'utc')::date + 1, 'YYYYMMDD') as name`.execute(db);
  return rows[0]!.name;
}
