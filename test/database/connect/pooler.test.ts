import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Db } from '../../../src/database/tables.ts';
import { createApi, type Api } from '../../support/api.ts';
import { createTestDatabase } from '../../support/database.ts';
import { assertBooksBalance } from '../../support/checks/ledger.ts';
import { noPgbouncer, startPgbouncer } from '../../support/programs/pgbouncer.ts';
import { startProcess } from '../../support/process.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { startTestService } from '../../support/service.ts';
import { gate, page, startSite, type Site } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

const KEY = 'ok_test_key_of_some_length';

/** Every kind of work, with a retry and a cancelled job in between. */
async function exercise(api: Api, db: Db, site: Site, receiver: Receiver): Promise<void> {
  site.routes.set('/', page('Home', 'Hello.', ['/a', '/b']));
  for (const path of ['/a', '/b']) site.routes.set(path, page(path, 'text'));
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  receiver.answers = [500];

  const now = await api('POST', '/v1/scrape', { url: site.url('/a') });
  assert.deepEqual([now.status, now.json.status], [200, 'ok']);
  const crawl = await api.queue('/v1/crawl', {
    url: site.url('/'),
    sitemap: 'skip',
    webhook_url: receiver.url('/crawl'),
  });
  const urls = [site.url('/a'), site.url('/b'), 'http://10.0.0.1/'];
  const batch = await api.queue('/v1/scrape/batch/async', { urls, webhook_url: receiver.url('/batch') });
  const stuck = await api.queue('/v1/scrape/async', {
    url: site.url('/held'),
    webhook_url: receiver.url('/held'),
  });
  await held.entered;
  assert.equal((await api('POST', `/v1/jobs/${stuck}/cancel`)).status, 200);
  held.open();

  assert.equal((await api.finished(crawl)).succeeded, 3);
  assert.equal((await api.finished(batch)).succeeded, 2);
  assert.equal((await api.finished(stuck)).status, 'cancelled');
  await receiver.received(4);
  await eventually(async () => (await db.selectFrom('outbox').select('id').execute()).length === 0);
  const delivered = await db.selectFrom('deliveries').select(['status', 'attempts']).execute();
  assert.deepEqual(
    delivered.map(({ status }) => status),
    ['delivered', 'delivered', 'delivered'],
  );
  assert.equal(
    delivered.reduce((total, { attempts }) => total + attempts, 0),
    4,
  );
  await assertBooksBalance(db);
}

test('with DATABASE_LISTEN=off nothing listens, and all work is found by polling', async () => {
  await using service = await startTestService({ DATABASE_LISTEN: 'off', WEBHOOK_RETRY_SCHEDULE: '0,0' });
  await using site = await startSite();
  await using receiver = await startReceiver();
  const { rows } = await sql`select query from pg_stat_activity where datname = current_database()
    and (application_name like '%listen%' or query ilike 'listen %')`.execute(service.db);
  assert.deepEqual(rows, []);
  await exercise(service.api, service.db, site, receiver);
});

test('behind PgBouncer in transaction mode, from an empty database on', { skip: noPgbouncer }, async () => {
  await using database = await createTestDatabase({ empty: true });
  await using pgbouncer = await startPgbouncer(4);
  await using site = await startSite();
  await using receiver = await startReceiver();
  const env = {
    DATABASE_URL: pgbouncer.through(database.url),
    DATABASE_LISTEN: 'off',
    OLLAGRAPH_API_KEY: KEY,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_RETRY_SCHEDULE: '0,0',
  };
  // All at once: one migrates and the others wait.
  await using web = startProcess({ ...env, ROLES: 'web' });
  await using worker = startProcess({ ...env, ROLES: 'worker' });
  await using dispatcher = startProcess({ ...env, ROLES: 'dispatcher' });
  const [port] = await Promise.all([web.ready(), worker.ready(), dispatcher.ready()]);
  await exercise(createApi(`http://127.0.0.1:${port}`, KEY), database.db, site, receiver);

  for (const part of [web, worker, dispatcher]) part.kill('SIGTERM');
  assert.deepEqual(await Promise.all([web.exited, worker.exited, dispatcher.exited]), [0, 0, 0]);
  const { rows: locks } = await sql`select l.objid from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`.execute(database.db);
  assert.deepEqual(locks, [], "no lock stays behind with the pooler's connections");
});
