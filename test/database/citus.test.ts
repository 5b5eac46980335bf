import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { InstallationMetrics } from '../../src/metrics/installation.ts';
import { dropOldDays } from '../../src/database/retention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { loggedStatements, logStatements, useOfTables } from '../support/statements.ts';
import { eventually } from '../support/wait.ts';

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

test('every table that grows with the work is distributed', async () => {
  const { rows: partitioned } = await sql<{ name: string }>`select name from partitioned_tables`.execute(db);
  // An account's clocks are few, and go by themselves: they have no partitions. What schedules know
  // of pages has their number.
  const growing = ['account_hosts', 'known_pages', ...partitioned.map(({ name }) => name)];
  assert.deepEqual(DISTRIBUTED.toSorted(), growing.toSorted());
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

/** Exercises everything a service does for its callers. */
async function exercise({ api }: TestService): Promise<void> {
  await using site = await startSite({ '/': page('Home', 'Hello.', ['/a', '/b?x=1', '/moved']) });
  await using receiver = await startReceiver();
  site.routes.set('/a', page('A', 'a'));
  site.routes.set('/stuck', () => undefined);
  site.routes.set('/moved', { status: 302, headers: { location: '/a' } });
  receiver.answers = [500, 500];
  const webhook_url = receiver.url();
  const webhook_events = ['job.started', 'job.page', 'job.completed'];
  await api('POST', '/v1/scrape', { url: site.url('/a') });
  await api('POST', '/v1/scrape/batch', { urls: [site.url('/a'), site.url('/none')], max_age_seconds: 60 });
  const crawl = await api.queue(
    '/v1/crawl',
    { url: site.url('/'), webhook_url, webhook_events },
    { 'idempotency-key': 'k' },
  );
  await api.finished(crawl);
  const batch = await api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), 'http://127.0.0.1:1/'],
    webhook_url,
  });
  const doomed = await api.queue('/v1/crawl', { url: site.url('/'), delay_ms: 5000, webhook_url });
  await api('POST', `/v1/jobs/${doomed}/cancel`);
  const hurried = await api.queue('/v1/scrape/async', {
    url: site.url('/stuck'),
    finish_within: 1,
    webhook_url,
  });
  await api.finished(hurried);
  await api.finished(batch);
  await api('GET', `/v1/jobs/${crawl}/pages?limit=1`);
  await api('GET', '/v1/jobs?status=completed&kind=crawl&limit=1');
  await api('GET', '/v1/endpoints');
  const { id } = await eventually(async () => {
    const { json } = await api(
      'GET',
      `/v1/deliveries?job_id=${crawl}&status=delivered&webhook_url=${webhook_url}`,
    );
    return json.data[0];
  });
  const endpoint = new URL(webhook_url).host;
  await api('POST', `/v1/endpoints/${endpoint}/pause`);
  await api('POST', `/v1/deliveries/${id}/redeliver`);
  await api('POST', `/v1/deliveries/${id}/redeliver`);
  await api('POST', `/v1/endpoints/${endpoint}/cancel-pending`);
  await api('POST', `/v1/endpoints/${endpoint}/resume`);
  for (const dry_run of [true, false])
    await api('POST', '/v1/deliveries/recover', {
      since: '2020-01-01T00:00:00Z',
      until: '2100-01-01T00:00:00Z',
      dry_run,
    });
  await api('GET', `/v1/deliveries/${id}`);
  const callbacks = await eventually(async () => {
    const { data } = (await api('GET', '/v1/callbacks?since=2020-01-01T00:00:00Z')).json;
    return data.length > 0 && data;
  });
  for (const callback of callbacks) await api('GET', `/v1/callbacks/${callback.id}`);
  const job = { kind: 'crawl', url: site.url('/a') };
  const schedule = { name: 'test', cron: '0 0 1 1 *', deliver: 'changes', diff: true, job };
  const { schedule_id } = (await api('POST', '/v1/schedules', schedule)).json;
  for (let run = 1; run <= 2; run++) {
    const { job_id } = (await api('POST', `/v1/schedules/${schedule_id}/run`)).json;
    await api.finished(job_id);
  }
  await api('PATCH', `/v1/schedules/${schedule_id}`, { job });
  await api('DELETE', `/v1/schedules/${schedule_id}`);
  await api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url('/test') });
  await api('GET', '/v1/me/usage');
}

/** Statements over all accounts: metrics and retention, which no caller waits for. */
const OF_ALL_ACCOUNTS = [
  /width_bucket\(.*\bfrom jobs where finished_at > /s,
  /width_bucket\(.*\bfrom deliveries where finished_at > /s,
  /from admin\.outbox_lag/,
  /from jobs\s+where finished_at is null and id >= id_floor\(/,
  /^\s*select account_id, id from jobs\s+where finished_at is null and finish_by <= /,
  /^delete from "account_hosts" where updated_at < /,
];

test('every statement but metrics and retention is of one account or joins by it', async () => {
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
    const kind = /\b(insert|update|delete)\b/.test(text) ? 'writes' : 'reads';
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
  assert.deepEqual(
    [...mixed].toSorted(),
    [
      'reads account_hosts, hosts',
      'reads account_hosts, hosts, jobs, pages',
      'reads deliveries, jobs, outbox',
      'reads deliveries, outbox',
      'reads deliveries, outbox, pages',
      'reads jobs, outbox',
      'writes accounts, attempts, endpoints, outbox',
      'writes deliveries, outbox',
    ],
    'these name tables of both kinds; db/citus.sql says so of those that write',
  );
  const local = [...commands.matchAll(/^select citus_add_local_table_to_metadata\('(\w+)'/gm)].map(
    ([, name]) => name!,
  );
  assert.deepEqual(
    local.toSorted(),
    ['accounts', 'endpoints', 'hosts', 'outbox'],
    'and the local ones of them are made known',
  );
});
