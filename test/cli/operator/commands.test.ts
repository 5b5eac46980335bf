import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authenticate } from '../../../src/accounts/keys/keys.ts';
import { KEY_SCOPES } from '../../../src/database/enumerations.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { runCli } from '../run-cli.ts';

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(() => database[Symbol.asyncDispose]());
const env = () => ({ DATABASE_URL: database.url, FREE_CREDITS: '70' });

async function succeed(...args: string[]) {
  const run = await runCli(env(), [...args, '--json']);
  assert.deepEqual([run.exitCode, run.stderr], [0, '']);
  return JSON.parse(run.stdout);
}

async function fail(exitCode: number, message: RegExp, ...args: string[]): Promise<void> {
  const run = await runCli(env(), args);
  assert.equal(run.exitCode, exitCode, run.stderr);
  assert.match(run.stderr, message);
  assert.equal(run.stdout, '');
}

test('accounts are made with a working key, listed, and given credits through the ledger', async () => {
  const made = await succeed('accounts', 'create', '--name', 'Ada & Co');
  assert.deepEqual(await authenticate(database.db, made.key), {
    id: made.account_id,
    keyId: (await succeed('keys', 'list', '--account', made.account_id)).data[0].id,
    scopes: [...KEY_SCOPES],
  });
  assert.equal(made.credits, 70);

  assert.equal((await succeed('accounts', 'credit', made.account_id, '30', '--note', 'paid')).credits, 100);
  assert.equal((await succeed('accounts', 'credit', made.account_id, '-60')).credits, 40);
  await fail(1, /has 40 credits: 41 cannot be taken back/, 'accounts', 'credit', made.account_id, '-41');
  await fail(1, /There is no account acct_none/, 'accounts', 'credit', 'acct_none', '1');

  const { data } = await succeed('accounts', 'list');
  assert.deepEqual(
    data.map((a: { id: string; credits: number }) => [a.id, a.credits]),
    [[made.account_id, 40]],
  );
  const ledger = await succeed('sql', 'select amount, note from credit_entries order by id');
  assert.deepEqual(ledger.data, [
    { amount: '70', note: 'free credits' },
    { amount: '30', note: 'paid' },
    { amount: '-60', note: 'by an operator' },
  ]);
});

test('keys: the only account is meant where none is named; a revoked key opens nothing', async () => {
  const first = await succeed('keys', 'create', '--name', 'CI');
  assert.notEqual(await authenticate(database.db, first.key), null);
  await succeed('keys', 'revoke', first.key_id);
  assert.equal(await authenticate(database.db, first.key), null);
  await fail(1, /no key .* that still works/, 'keys', 'revoke', first.key_id);

  const other = await succeed('accounts', 'create', '--name', 'another');
  await fail(2, /There are 2 accounts: say which/, 'keys', 'create', '--name', 'CI');
  await fail(1, /There is no account/, 'keys', 'list', '--account', 'acct_none');
  const mine = await succeed('keys', 'create', '--name', 'CI', '--account', other.account_id);
  await fail(1, /no key/, 'keys', 'revoke', mine.key_id, '--account', first.account_id);
  assert.notEqual(await authenticate(database.db, mine.key), null);
});

test('exit codes distinguish wrong usage and a wrong configuration from a failure', async () => {
  await fail(2, /required option '--name <name>' not specified/, 'accounts', 'create');
  await fail(2, /must be one line/, 'accounts', 'create', '--name', 'a\nb');
  await fail(2, /whole number/, 'accounts', 'credit', 'acct_x', '1.5');
  await fail(2, /unknown command 'nonsense'/, 'nonsense');
  const misconfigured = await runCli({ ...env(), PORT: 'x' }, ['accounts', 'list', '--json']);
  assert.deepEqual([misconfigured.exitCode, misconfigured.stdout], [2, '']);
  assert.match(JSON.parse(misconfigured.stderr).error, /^PORT: /);
  const unreachable = await runCli({ DATABASE_URL: 'postgres://a@127.0.0.1:1/a' }, ['accounts', 'list']);
  assert.equal(unreachable.exitCode, 1);
  assert.match(unreachable.stderr, /^error: DATABASE_URL: nothing listens on 127\.0\.0\.1:1/);
});

test('migrate applies what is missing and says so; other commands refuse an old schema', async () => {
  await using empty = await createTestDatabase({ empty: true });
  const on = { DATABASE_URL: empty.url };
  const refused = await runCli(on, ['accounts', 'list']);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /not up to date/);
  const { applied } = JSON.parse((await runCli(on, ['migrate', '--json'])).stdout);
  assert.equal(applied[0], '0001_partitions');
  assert.equal((await runCli(on, ['migrate'])).stdout, 'The database is up to date.\n');
  assert.equal((await runCli(on, ['accounts', 'list'])).exitCode, 0);
});

test('sql prints a table, reads standard input, and changes nothing', async () => {
  const run = await runCli(env(), ['sql'], `select 1 as n, null as nothing, e'a\\nb\\u001b[2J' as text`);
  assert.equal(run.stdout, 'n  nothing  text\n─  ───────  ──────\n1           a↵b[2J\n(1 row)\n');
  await fail(1, /read-only transaction/, 'sql', 'delete from credit_entries');
  await fail(1, /syntax error/, 'sql', 'selec 1');
});
