import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { InstallationMetrics } from '../../src/metrics/installation.ts';
import { dropOldDays } from '../../src/database/retention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { exercise } from '../support/exercise.ts';
import { startTestService } from '../support/service.ts';
import { loggedStatements, loggedTransactions, logStatements, useOfTables } from '../support/statements.ts';

/** What db/citus.sql promises of the schema and the statements, on a plain Postgres. */
const COLUMN = 'account_id';
const commands = readFileSync(new URL('../../db/citus.sql', import.meta.url), 'utf8');
const DISTRIBUTED = [...commands.matchAll(/^select create_distributed_table\('(\w+)', 'account_id'/gm)].map(
  ([, name]) => name!,
);

const STATEMENT = /^(?:\/\*.*?\*\/)?\s*(select|insert|update|delete|with)\b/i;
const ANY_DISTRIBUTED = new RegExp(`\\b(${DISTRIBUTED.join('|')})\\b`);

let database: TestDatabase;
let db: TestDatabase['db'];
before(async () => {
  database = await createTestDatabase();
  ({ db } = database);
});
after(() => database[Symbol.asyncDispose]());

/**
 * What grows with the work and stays on the coordinator: small rows, written for all accounts at
 * once.
 */
const ON_COORDINATOR = ['attempts', 'audit_events', 'deliveries'];

test('jobs, and what holds pages, are distributed', async () => {
  const { rows: partitioned } = await sql<{ name: string }>`select name from partitioned_tables`.execute(db);
  const names = partitioned.map(({ name }) => name).filter((name) => !ON_COORDINATOR.includes(name));
  assert.deepEqual(DISTRIBUTED.toSorted(), ['known_pages', ...names].toSorted());
});

test('every key and unique index of a distributed table has the account in it', async () => {
  const { rows } = await sql<{ table: string; index: string; columns: string[] }>`
    select c.relname as table, i.relname as index,
      array(select a.attname::text from unnest(x.indkey) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k) as columns
    from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
    where x.indisunique and c.relnamespace = 'public'::regnamespace
      and regexp_replace(c.relname, '_[0-9]{8}$', '') = any(${DISTRIBUTED}::text[])`.execute(db);
  assert.ok(rows.length >= 2 * DISTRIBUTED.length, 'the tables and their partitions');
  assert.deepEqual(
    rows.filter(({ columns }) => !columns.includes(COLUMN)),
    [],
  );
  const { rows: primary } = await sql<{ table: string }>`
    select distinct c.relname as table from pg_index x join pg_class c on c.oid = x.indrelid
    where x.indisprimary and c.relname = any(${DISTRIBUTED}::text[])`.execute(db);
  assert.deepEqual(primary.map(({ table }) => table).toSorted(), DISTRIBUTED.toSorted());
});

test('no foreign key leads to or from a distributed table', async () => {
  const { rows } = await sql<{ name: string }>`
    select conname as name from pg_constraint where contype = 'f'
      and (conrelid::regclass::text = any(${DISTRIBUTED}::text[]) or confrelid::regclass::text = any(${DISTRIBUTED}::text[]))`.execute(
    db,
  );
  assert.deepEqual(rows, []);
});

/** Statements over all accounts: metrics and retention, which no caller waits for. */
const OF_ALL_ACCOUNTS = [
  /width_bucket\(.*\bfrom jobs where finished_at > /s,
  /from admin\.outbox_lag/,
  /from jobs\s+where finished_at is null and id >= id_floor\(/,
];

/** What Citus refuses in a statement on a distributed table. */
const REFUSED: Record<string, RegExp> = {
  'a subquery among the values of an insert': /^\s*insert into [^;]*\bvalues\s*\([^;]*\(\s*select\b/i,
  'a function of the time applied to a column in an update':
    /^\s*update\b[^;]*\bset\b[^;]*(?:\bcoalesce|\bgreatest|\bleast)\([^;)]*\bnow\(\)[^;]*\bwhere\b/i,
  'an interval added to a column in an update':
    /^\s*(?:update\b[^;]*\bset\b|insert\b[^;]*\bdo update set\b)[^;]*\b\w+(?:\.\w+)?_(?:at|by|until) [-+] /i,
  'a place (ctid) as a condition': /\bctid\b/i,
};

test('the refused forms are known by name', () => {
  const refused = {
    'a subquery among the values of an insert':
      'insert into "jobs" ("account_id", "priority") values ($1, (select sum(remaining) from jobs where account_id = $2))',
    'a function of the time applied to a column in an update':
      'update jobs set started_at = coalesce(started_at, now()) where account_id = $1',
    'an interval added to a column in an update':
      'insert into pages as p (account_id) values ($1) on conflict do update set settled_at = p.settled_at + excluded.wait',
    'a place (ctid) as a condition': 'update pages set tries = 1 where ctid = any($1)',
  };
  for (const [name, text] of Object.entries(refused)) assert.match(text, REFUSED[name]!, name);
  assert.deepEqual(Object.keys(refused), Object.keys(REFUSED));
});

/**
 * Those that name tables of both kinds: Citus reads one kind first and passes it on to the other.
 */
const OF_BOTH_KINDS = [
  'reads account_hosts, hosts, jobs, pages',
  'reads deliveries, jobs, outbox',
  'reads jobs, outbox',
];

test('each statement but those of metrics and retention is of one account, and Citus takes it', async () => {
  await logStatements(db);
  await using service = await startTestService({
    DATABASE_URL: database.url,
    WEBHOOK_RETRY_SCHEDULE: '1',
  });
  await exercise(service);
  await new InstallationMetrics(service.db, new Date(0)).read();
  await dropOldDays(service.db, 0);
  const statements = (await loggedStatements(db)).filter(
    (text) => STATEMENT.test(text) && ANY_DISTRIBUTED.test(text),
  );

  let onDistributed = 0;
  const ofAll: string[] = [];
  const mixed = new Set<string>();
  for (const text of statements) {
    const { tables, without } = await useOfTables(db, text, COLUMN);
    const spread = tables.filter((name) => DISTRIBUTED.includes(name));
    if (spread.length === 0) continue;
    onDistributed++;
    if (without.some((name) => DISTRIBUTED.includes(name))) ofAll.push(text);
    for (const [, name = '', columns = ''] of text.matchAll(/insert into "?(\w+)"?\s*\(([^)]*)\)/g))
      if (DISTRIBUTED.includes(name)) assert.match(columns, /^\s*"?account_id\b/, text);
    for (const [name, form] of Object.entries(REFUSED)) assert.doesNotMatch(text, form, name);
    const kind = isWrite(text) ? 'writes' : 'reads';
    if (spread.length < tables.length) mixed.add(`${kind} ${tables.join(', ')}`);
  }
  assert.ok(onDistributed > 30, `${onDistributed} statements were seen`);
  assert.deepEqual(
    ofAll.filter((text) => !OF_ALL_ACCOUNTS.some((known) => known.test(text))),
    [],
  );
  for (const known of OF_ALL_ACCOUNTS)
    assert.ok(
      ofAll.some((text) => known.test(text)),
      `${known} was seen`,
    );
  assert.deepEqual([...mixed].toSorted(), OF_BOTH_KINDS);
  assertPreparedFirst(await loggedTransactions(db));
});

const isWrite = (text: string) => /\b(insert|update|delete)\b/i.test(text.replace(/\bfor update\b/gi, ''));

/**
 * What makes Citus prepare the workers before the coordinator commits: the triggers of
 * db/citus.sql.
 */
const PREPARES = [...commands.matchAll(/^create trigger prepare_first after (.*) on (\w+)$/gm)].map(
  ([, events, table]) => ({ events: events!, table: table! }),
);

const columnOf = (events: string) => /update of (\w+)/.exec(events)?.[1] ?? '';

/** Whether a statement fires one of them. */
function prepares(text: string): boolean {
  return [...PREPARES, { events: 'insert', table: String.raw`ollagraph_queue"?\."?\w+` }].some(
    ({ events, table }) =>
      (events.includes('insert') && new RegExp(`insert into "?${table}\\b`, 'i').test(text)) ||
      (events.includes('update') &&
        new RegExp(`update "?${table}"? [^;]*\\b${columnOf(events)}`, 'i').test(text)) ||
      (events.includes('delete') && new RegExp(`delete from "?${table}\\b`, 'i').test(text)),
  );
}

/**
 * The end of a slice, or its lease: where that is lost, the slice runs again and finds its pages
 * settled.
 */
const MAY_BE_LOST = /update ollagraph_queue\./i;

/**
 * Every transaction that writes jobs or pages and something of the coordinator's is prepared first.
 */
function assertPreparedFirst(transactions: string[][]): void {
  let prepared = 0;
  for (const statements of transactions) {
    const writes = statements.filter((text) => STATEMENT.test(text) && isWrite(text));
    const [here, there] = [false, true].map((spread) =>
      writes.filter((text) => spread === writesDistributed(text) && !MAY_BE_LOST.test(text)),
    );
    if (here!.length === 0 || there!.length === 0) continue;
    assert.ok(writes.some(prepares), writes.join(';\n'));
    prepared++;
  }
  assert.ok(prepared > 10, `${prepared} transactions write on both sides`);
}

function writesDistributed(text: string): boolean {
  const [, table] = /\b(?:insert into|update|delete from) (?:only )?"?([\w.]+)"?/i.exec(text) ?? [];
  return DISTRIBUTED.includes(table!);
}
