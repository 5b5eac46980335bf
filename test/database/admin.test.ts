import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import { startTestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const VIEWS = [
  'all_deliveries',
  'all_attempts',
  'deliveries_recent',
  'deliveries_failing',
  'deliveries_exhausted',
  'delivery_latency',
  'endpoint_health',
  'retry_backlog',
  'outbox_lag',
  'stuck_jobs',
  'queue_depth',
  'crawl_progress',
  'host_health',
  'errors_24h',
  'usage_by_account',
  'table_sizes',
  'proxies',
  'audit',
];

test('every view of the operators answers and says what it is', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  for (const view of VIEWS) {
    await sql`select * from ${sql.id('admin', view)} limit 5`.execute(service.db);
    const { rows } = await sql<{
      text: string | null;
    }>`select obj_description(${`admin.${view}`}::regclass) as text`.execute(service.db);
    assert.ok(rows[0]!.text, view);
  }
  const { rows } = await sql<{
    name: string;
  }>`select table_name as name from information_schema.views where table_schema = 'admin' order by 1`.execute(
    service.db,
  );
  assert.deepEqual(
    rows.map((r) => r.name),
    VIEWS.toSorted(),
  );
});

test('an operator sees what was given up, and sends it again by SQL', async () => {
  await using service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  receiver.answer = 500;
  const job = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const given = await eventually(async () => {
    const { rows } = await sql<{
      id: string;
      job_id: string;
      attempts: number;
    }>`select * from admin.deliveries_exhausted`.execute(service.db);
    return rows[0];
  });
  assert.deepEqual([given.job_id, given.attempts], [job, 2]);
  receiver.answer = 200;
  const dry = await sql<{
    n: number;
  }>`select admin.recover(now() - interval '1 hour', dry_run => true) as n`.execute(service.db);
  assert.equal(dry.rows[0]!.n, 1);
  const redelivered = await sql<{ done: boolean }>`select admin.redeliver(${given.id}) as done`.execute(
    service.db,
  );
  assert.equal(redelivered.rows[0]!.done, true);
  const callbacks = await receiver.received(3);
  assert.deepEqual(callbacks[2]!.body, callbacks[0]!.body);
  const nobody = await sql<{
    done: boolean;
  }>`select admin.redeliver('dlv_000000000000000000000000') as done`.execute(service.db);
  assert.equal(nobody.rows[0]!.done, false);
  await eventually(
    async () =>
      (
        await sql`select * from admin.deliveries_recent where status = 'delivered' and id = ${given.id}`.execute(
          service.db,
        )
      ).rows.length === 1,
  );
});

test('recover by SQL takes all that was given up in the window', async () => {
  await using service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  receiver.answer = 500;
  for (let i = 0; i < 3; i++)
    await service.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: receiver.url() });
  await eventually(
    async () => (await sql`select * from admin.deliveries_exhausted`.execute(service.db)).rows.length === 3,
  );
  receiver.answer = 200;
  const { rows } = await sql<{
    n: number;
  }>`select admin.recover(now() - interval '1 hour', account => ${service.account.id}) as n`.execute(
    service.db,
  );
  assert.equal(rows[0]!.n, 3);
  await eventually(
    async () => (await service.api('GET', '/v1/deliveries?status=delivered')).json.data.length === 3,
  );
});

test('the read-only role reads the views and nothing else', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  await service.db.connection().execute(async (connection) => {
    const views = await sql<{ viewname: string }>`
      select viewname from pg_views where schemaname = 'admin'`.execute(connection);
    await sql`set role ollagraph_readonly`.execute(connection);
    for (const { viewname } of views.rows)
      await sql`select * from ${sql.id('admin', viewname)} limit 0`.execute(connection);
    await assert.rejects(sql`select * from accounts`.execute(connection), /permission denied/);
    await assert.rejects(sql`select admin.redeliver('dlv_x')`.execute(connection), /permission denied/);
    await sql`reset role`.execute(connection);
  });
});
