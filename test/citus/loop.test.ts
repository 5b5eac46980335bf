import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { deleteAccount, suspendAccount } from '../../src/accounts/administer.ts';
import { dropOldDays, makeDays } from '../../src/database/retention.ts';
import { InstallationMetrics } from '../../src/metrics/installation.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { exercise } from '../support/exercise.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { createCitusDatabase, type CitusDatabase } from './database.ts';

/**
 * The whole loop on a Citus cluster: `CITUS_URL=… npm run test:citus`, with a superuser's URL of a
 * database on the coordinator that knows the workers. `node test/citus/start.ts` starts a cluster.
 */
const citusUrl = process.env.CITUS_URL;
const options = { skip: citusUrl === undefined ? 'CITUS_URL names no cluster' : false, timeout: 300_000 };

let database: CitusDatabase;
let service: TestService;
before(async () => {
  if (citusUrl === undefined) return;
  database = await createCitusDatabase(citusUrl);
  service = await startTestService({
    DATABASE_URL: database.url,
    WEBHOOK_RETRY_SCHEDULE: '1',
    WORKER_THREADS: '2',
  });
});
after(async () => {
  await service?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

test('everything that a service does for its callers', options, async () => {
  await exercise(service);
  const refused = service.logs.filter(({ err }) => err !== undefined);
  assert.deepEqual(refused, []);
  await assertBooksBalance(service.db);
});

test('what is written on a worker and on the coordinator is prepared first', options, async () => {
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  await using receiver = await startReceiver();
  // Citus keeps what it has prepared in a table, until it has seen to it that nothing is left of
  // it.
  await eventually(async () => {
    const body = { url: site.url('/'), webhook_url: receiver.url() };
    await service.api.finished(await service.api.queue('/v1/scrape/async', body));
    const { rows } = await sql`select 1 from pg_dist_transaction limit 1`.execute(service.db);
    return rows.length > 0;
  });
});

test('the functions of administrators, metrics, new days and old ones', options, async () => {
  const { db } = service;
  const { rows } = await sql<{ id: string }>`select id from deliveries limit 1`.execute(db);
  const sent = await sql<{ done: boolean }>`select admin.redeliver(${rows[0]!.id}) as done`.execute(db);
  assert.equal(sent.rows[0]!.done, true);
  await sql`select admin.recover(now() - interval '1 day')`.execute(db);
  const views = await sql<{ name: string }>`
    select c.oid::regclass::text as name from pg_class c
    where c.relkind = 'v' and c.relnamespace = 'admin'::regnamespace`.execute(db);
  for (const { name } of views.rows) await sql`select * from ${sql.raw(name)} limit 1`.execute(db);
  assert.match(await new InstallationMetrics(db, new Date(0)).read(), /ollagraph_jobs_ended_total\{/);
  const day = await sql<{ day: string }>`
    select to_char(now() at time zone 'utc' + interval '30 days', 'YYYY-MM-DD') as day`.execute(db);
  await sql`select ensure_partitions(${day.rows[0]!.day}::date)`.execute(db);
  await sql`select ensure_partitions('2020-01-01'::date)`.execute(db);
  assert.equal(await makeDays(db), true);
  assert.deepEqual(await dropOldDays(db, 30), ['2020-01-01']);
});

test('an account is deleted with all that it has', options, async () => {
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const { id, api } = await service.createAccount();
  await api('POST', '/v1/scrape', { url: site.url('/') });
  assert.equal(await suspendAccount(service.db, id, true), true);
  assert.equal(await deleteAccount(service.db, id), 'deleted');
  const { rows } = await sql`select 1 from jobs where account_id = ${id}`.execute(service.db);
  assert.deepEqual(rows, []);
});
