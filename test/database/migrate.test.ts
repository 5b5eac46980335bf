import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import pg from 'pg';
import { openDatabase } from '../../src/database/connect/connection.ts';
import { migrate, pendingMigrations } from '../../src/database/migrate.ts';
import { runCli } from '../cli/run-cli.ts';
import { createTestDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';

const LINE = /^The database [^\n]+\n$/;

/** The service and an operator's command both stop with this line. */
async function assertRefused(url: string, expected: RegExp): Promise<void> {
  const service = startProcess({ DATABASE_URL: url });
  assert.equal(await service.exited, 1);
  assert.match(service.output(), LINE);
  assert.match(service.output(), expected);
  const command = await runCli({ DATABASE_URL: url }, ['migrate']);
  assert.equal(command.exitCode, 1);
  assert.match(command.stderr, expected);
}

test('an applied migration that differs from its file stops the start', async () => {
  await using database = await createTestDatabase();
  await sql`update schema_migrations set checksum = 'another' where name = '0003_jobs'`.execute(database.db);
  await assertRefused(database.url, /of another version: its 0003_jobs differs from the file in db\//);
});

test('a database of a newer version stops the start', async () => {
  await using database = await createTestDatabase();
  await sql`insert into schema_migrations (name, checksum) values ('9999_of_tomorrow', 'unknown')`.execute(
    database.db,
  );
  await assertRefused(database.url, /of a newer version: it has 9999_of_tomorrow/);
});

test('a database of before the first release is left alone, and the line says the way out', async () => {
  await using database = await createTestDatabase({ empty: true });
  await sql`create table kysely_migration (name text)`.execute(database.db);
  await sql`create table outbox (state text)`.execute(database.db);
  await assertRefused(database.url, /before 0\.1.*another DATA_DIR or DATABASE_URL/);
});

test('another application that uses pg-boss and Kysely on the same database is left alone', async () => {
  await using database = await createTestDatabase({ empty: true });
  await sql`create table kysely_migration (name text)`.execute(database.db);
  await sql`create schema pgboss`.execute(database.db);
  await sql`create table pgboss.version (version int)`.execute(database.db);
  await sql`insert into pgboss.version values (26)`.execute(database.db);
  await migrate(database);
  const { rows } = await sql`
    select (select version from pgboss.version) as version, (select count(*) from pg_class
      where relnamespace = 'pgboss'::regnamespace and relkind = 'r') as tables`.execute(database.db);
  assert.deepEqual(rows, [{ version: 26, tables: 1 }]);
});

test('schemas that an administrator made beforehand are used, without CREATE on the database', async () => {
  await using database = await createTestDatabase({ empty: true });
  const name = new URL(database.url).pathname.slice(1);
  const role = `${name}_role`;
  await sql`create role ${sql.id(role)} login password 'plain'`.execute(database.db);
  try {
    await sql`revoke create on database ${sql.id(name)} from public`.execute(database.db);
    await sql`revoke create on schema public from public`.execute(database.db);
    for (const schema of ['ollagraph', 'ollagraph_queue', 'admin'])
      await sql`create schema ${sql.id(schema)} authorization ${sql.id(role)}`.execute(database.db);
    await sql`alter role ${sql.id(role)} set search_path = ollagraph`.execute(database.db);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'plain';
    {
      await using own = openDatabase(url.href, { max: 2, onError: (error) => assert.fail(error) });
      assert.ok((await migrate(own)).includes('0001_partitions'));
      assert.deepEqual(await pendingMigrations(own.db), []);
      await sql`select ensure_partitions(current_date + 30)`.execute(own.db);
      await sql`select * from admin.table_sizes`.execute(own.db);
    }
    const { rows } = await sql<{ schema: string }>`
      select distinct relnamespace::regnamespace::text as schema from pg_class
      where relkind in ('r', 'p') and relowner = ${role}::regrole order by 1`.execute(database.db);
    assert.deepEqual(
      rows.map(({ schema }) => schema),
      ['ollagraph', 'ollagraph_queue'],
    );
    // An operator whose search path is another calls the functions by their schema.
    await using client = await connected(database.url);
    await client.query(`grant usage on schema admin, ollagraph to current_user`);
    assert.deepEqual((await client.query(`select admin.redeliver('dlv_none') as done`)).rows, [
      { done: false },
    ]);
  } finally {
    await sql`drop owned by ${sql.id(role)}`.execute(database.db);
    await sql`drop role ${sql.id(role)}`.execute(database.db);
  }
});

async function connected(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
