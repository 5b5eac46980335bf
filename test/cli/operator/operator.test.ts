import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { restoreBackup, writeBackup } from '../../../src/database/backup.ts';
import { migrate, pendingMigrations } from '../../../src/database/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { testRun } from '../../support/environment.ts';
import { missing } from '../../support/programs/programs.ts';
import { startReceiver } from '../../support/receiver.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';
import { finishCli, runCli, runCliProcess, spawnCli } from '../run-cli.ts';

const run = promisify(execFile);
const TABLES = [
  'accounts',
  'api_keys',
  'credit_entries',
  'jobs',
  'pages',
  'outbox',
  'deliveries',
  'attempts',
];

async function contentOf(database: TestDatabase): Promise<unknown> {
  const content: Record<string, unknown> = {};
  for (const table of TABLES)
    content[table] = (
      await sql`select to_jsonb(t) as row from ${sql.id(table)} t order by to_jsonb(t)::text`.execute(
        database.db,
      )
    ).rows;
  return content;
}

test('a backup restores everything, and a failed one leaves no file', async () => {
  const file = join(testRun().directory, 'ollagraph.backup');
  await using source = await createTestDatabase();
  await using target = await createTestDatabase({ empty: true });
  {
    await using service = await startTestService({ DATABASE_URL: source.url });
    await using site = await startSite({ '/': page('Tab\t, back\\slash and "ü"', 'Line\nbreak \\. \\N') });
    await using receiver = await startReceiver();
    await service.api.queue('/v1/scrape/batch/async', {
      urls: [site.url('/'), site.url('/none')],
      webhook_url: receiver.url(),
    });
    await receiver.received(1);
    await eventually(
      async () => (await service.api('GET', '/v1/deliveries?status=delivered')).json.data.length === 1,
    );
  }
  const written = await runCliProcess({ DATABASE_URL: source.url }, ['backup', file]);
  assert.deepEqual([written.exitCode, written.stderr], [0, '']);
  await migrate(target);
  await restoreBackup(target.pool, file);
  assert.deepEqual(await contentOf(target), await contentOf(source));
  await sql`insert into credit_entries (account_id, kind, amount) select id, 'grant', 0 from accounts`.execute(
    target.db,
  );
  await assert.rejects(restoreBackup(target.pool, file), /The database holds accounts already/);

  await assert.rejects(
    writeBackup(source.pool, join(testRun().directory, 'no/such/folder/backup')),
    /ENOENT/,
  );
  const failed = join(testRun().directory, 'failed.backup');
  await sql`alter table partitioned_tables rename to away`.execute(source.db);
  await assert.rejects(writeBackup(source.pool, failed));
  assert.ok(!existsSync(failed) && !existsSync(`${failed}.partial`));
});

const leftBehind = async () =>
  (await readdir(testRun().directory)).filter((name) => name.startsWith('ended.backup'));

test('a backup or restore that is interrupted ends at once and leaves nothing behind', async () => {
  await using database = await createTestDatabase();
  const whole = join(testRun().directory, 'whole.backup');
  await writeBackup(database.pool, whole);
  const isWaiting = async () => {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      database.db,
    );
    return rows.length === 1;
  };
  const holder = await database.pool.connect();
  try {
    await holder.query('begin');
    // Not to end while the command waits for the lock.
    await holder.query('set local idle_in_transaction_session_timeout = 0');
    await holder.query('lock table accounts in access exclusive mode');
    const commands = [
      ['backup', join(testRun().directory, 'ended.backup')],
      ['restore', whole],
    ];
    for (const command of commands)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const child = spawnCli({ DATABASE_URL: database.url }, command);
        const ended = finishCli(child);
        await eventually(isWaiting);
        child.kill(signal);
        const { exitCode, stderr } = await ended;
        assert.deepEqual([exitCode, stderr], [1, `error: Ended by ${signal}. Nothing was done.\n`]);
        assert.deepEqual(await leftBehind(), []);
        await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(database.db);
        await eventually(async () => !(await isWaiting()));
      }
  } finally {
    await holder.query('rollback');
    holder.release();
  }
});

test('a backup that breaks off amid the rows of a table restores nothing', async () => {
  const file = join(testRun().directory, 'half.backup');
  await using database = await createTestDatabase();
  await sql`insert into accounts (id, name, credits, webhook_secret)
    select 'acct_' || n, md5(n::text), 0, sha256(n::text::bytea)::text from generate_series(1, 50000) as n`.execute(
    database.db,
  );
  await writeBackup(database.pool, file);
  await sql`delete from accounts`.execute(database.db);
  await truncate(file, Math.floor((await readFile(file)).length / 2));
  await assert.rejects(restoreBackup(database.pool, file), /is no complete backup/);
  await writeFile(file, gzipSync('null\n'));
  await assert.rejects(restoreBackup(database.pool, file), /no backup of Ollagraph/);
  assert.deepEqual((await sql`select id from accounts`.execute(database.db)).rows, []);
});

test('a file that is no complete backup restores nothing', async () => {
  const file = join(testRun().directory, 'cut.backup');
  await using database = await createTestDatabase();
  await sql`insert into accounts (id, name, credits, webhook_secret) values ('acct_1', 'one', 0, 'whsec_1')`.execute(
    database.db,
  );
  await writeBackup(database.pool, file);
  await sql`delete from accounts`.execute(database.db);
  const whole = await readFile(file);
  await truncate(file, Math.floor(whole.length / 2));
  await assert.rejects(restoreBackup(database.pool, file), /complete/);
  await writeFile(file, gzipSync('{"format":"another"}\n'));
  await assert.rejects(restoreBackup(database.pool, file), /no backup of Ollagraph/);
  const [header, ...rest] = gunzipSync(whole).toString().split('\n');
  const other = JSON.stringify({ ...JSON.parse(header!), migrations: [['0001_other', 'x']] });
  await writeFile(file, gzipSync([other, ...rest].join('\n')));
  await assert.rejects(restoreBackup(database.pool, file), /another version/);
  assert.deepEqual((await sql`select id from accounts`.execute(database.db)).rows, []);
  const command = await runCliProcess({ DATABASE_URL: database.url }, ['restore', file]);
  assert.match(command.stderr, /^error: .*another version of Ollagraph.*\n$/);
  await writeFile(file, whole);
  assert.equal((await runCliProcess({ DATABASE_URL: database.url }, ['restore', file])).exitCode, 0);
});

/** What the audit says that operators did to an account, the earliest first. */
async function doneByOperators({ db }: TestService, id: string): Promise<string[]> {
  const { rows } = await sql<{ done: string }>`
    select action || ' ' || target as done from audit_events
    where account_id = ${id} and actor = 'operator' order by id`.execute(db);
  return rows.map(({ done }) => done);
}

test('what is made on the command line is in the audit', async () => {
  await using service = await shareTestService();
  const env = { DATABASE_URL: service.context.databaseUrl };
  const { stdout } = await runCli(env, ['accounts', 'create', '--name', 'one', '--json']);
  const { account_id } = JSON.parse(stdout);
  const made = await runCli(env, ['keys', 'create', '--account', account_id, '--name', 'two', '--json']);
  const { key_id } = JSON.parse(made.stdout);
  assert.deepEqual(await doneByOperators(service, account_id), [
    `account.create ${account_id}`,
    `key.create ${key_id}`,
  ]);
});

test('an account is suspended, resumed, renamed and deleted with all its data', async () => {
  await using service = await shareTestService();
  await using site = await startSite({ '/': page('Home', 'Text.') });
  const { id, api } = await service.createAccount();
  const env = { DATABASE_URL: service.context.databaseUrl };
  const cli = (...args: string[]) => runCli(env, args);
  await api.finished(await api.queue('/v1/scrape/async', { url: site.url('/') }));
  assert.match((await cli('accounts', 'delete', id)).stderr, /is in use. Suspend it first/);
  assert.equal((await cli('accounts', 'suspend', id)).exitCode, 0);
  assert.equal((await api('GET', '/v1/me')).status, 401);
  assert.equal((await cli('accounts', 'resume', id)).exitCode, 0);
  assert.equal((await api('GET', '/v1/me')).status, 200);
  assert.equal((await cli('accounts', 'rename', id, 'Renamed')).exitCode, 0);
  assert.match((await cli('accounts', 'list')).stdout, /Renamed/);
  assert.equal((await cli('accounts', 'credit', id, '5')).exitCode, 0);
  assert.deepEqual(await doneByOperators(service, id), [
    `account.suspend ${id}`,
    `account.resume ${id}`,
    `account.rename ${id}`,
    'account.credit 5',
  ]);
  const keys = JSON.parse((await cli('keys', 'list', '--account', id, '--json')).stdout).data;
  assert.ok(keys[0].last_used_at);
  assert.match((await cli('keys', 'revoke', 'key_none')).stderr, /There is no key key_none/);
  assert.equal((await cli('keys', 'revoke', keys[0].id)).exitCode, 0);
  assert.equal((await api('GET', '/v1/me')).status, 401);
  await cli('accounts', 'suspend', id);
  assert.equal((await cli('accounts', 'delete', id)).exitCode, 0);
  for (const table of ['api_keys', 'credit_entries', 'jobs', 'pages'])
    assert.deepEqual(
      (await sql`select 1 from ${sql.id(table)} where account_id = ${id}`.execute(service.db)).rows,
      [],
      table,
    );
  assert.equal((await service.api('GET', '/v1/me')).status, 200, 'the other account is there');
});

test(
  'the migrations are printed for psql, and a start finds nothing to do after them',
  { skip: missing('psql') },
  async () => {
    await using database = await createTestDatabase({ empty: true });
    const { stdout } = await runCli({ DATABASE_URL: 'postgres://nobody@nowhere.invalid/' }, [
      'migrate',
      '--print',
    ]);
    const file = join(testRun().directory, 'ollagraph.sql');
    await writeFile(file, stdout);
    const url = database.url.replace('?sslmode=disable', '');
    await run('psql', [url, '-q', '-v', 'ON_ERROR_STOP=1', '-f', file]);
    assert.deepEqual(await pendingMigrations(database.db), []);
    assert.equal(
      (await runCli({ DATABASE_URL: database.url }, ['migrate'])).stdout,
      'The database is up to date.\n',
    );
  },
);
