import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createApi, type Api } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { assertSigned } from '../support/checks/signatures.ts';
import { gate, page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const OPEN = { ALLOW_PRIVATE_TARGETS: '127.0.0.0/8', ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8' };
const KEY = 'ok_test_key_of_some_length';

const run = promisify(execFile);
const dataDir = (name: string) => join(testRun().directory, name);

async function postmasterOf(dir: string): Promise<number> {
  return Number((await readFile(join(dir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function apiOf(service: ServiceProcess, key: string): Promise<Api> {
  return createApi(`http://127.0.0.1:${await service.ready()}`, key);
}
/** Waits 30 s for its database, beside the other tests. */
let withoutDatabase: ServiceProcess;
before(() => {
  withoutDatabase = startProcess({ DATABASE_URL: 'postgres://user:hunter2secret@127.0.0.1:1/none' });
});
after(() => withoutDatabase[Symbol.asyncDispose]());

test('npm start on a fresh machine: a key, a working curl line, the whole loop; then its data again', async () => {
  const DATA_DIR = dataDir('fresh');
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  await using receiver = await startReceiver();
  await using first = startProcess({ DATA_DIR, ...OPEN }, { npm: true });
  const port = await first.ready();
  const key = await eventually(() => /^ {2}(ok_\S+)$/m.exec(first.output())?.[1]);
  assert.equal(first.output().split(key).length - 1, 2, 'the key is shown, and stands in the curl line');

  assert.match(first.output(), /sign in with it at http:\/\/localhost:\d+\/console\n/);
  const curl = /^ {2}(curl [\s\S]*?'\{.*\}')$/m.exec(first.output())?.[1];
  assert.ok(curl);
  const pasted = await run('sh', ['-c', curl.replace('https://example.com', site.url('/'))]);
  assert.equal(JSON.parse(pasted.stdout).metadata.title, 'Home');

  const api = createApi(`http://127.0.0.1:${port}`, key);
  const job_id = await api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/')],
    webhook_url: receiver.url(),
  });
  const [callback] = await receiver.received(1);
  assertSigned(callback!, (await api('GET', '/v1/me')).json.webhook_secret);
  assert.equal(JSON.parse(callback!.body.toString()).job_id, job_id);

  const refused = startProcess({ DATA_DIR, ...OPEN });
  assert.equal(await refused.exited, 1);
  assert.match(
    refused.output(),
    /^Another Ollagraph is already running on .*fresh\. Stop it first, or set DATA_DIR .*\.$/m,
  );
  assert.equal((await api('GET', '/healthz')).status, 200);

  const postmaster = await postmasterOf(DATA_DIR);
  first.kill('SIGTERM');
  await first.exited;
  assert.ok(!existsSync(`/proc/${postmaster}`), 'Postgres has ended with the service');

  await using second = startProcess({ DATA_DIR, ...OPEN });
  const again = await apiOf(second, key);
  assert.ok(!second.output().includes('shown only this once'));
  const job = (await again('GET', `/v1/jobs/${job_id}`)).json;
  assert.deepEqual([job.status, job.delivery.status], ['completed', 'delivered']);
  second.kill('SIGTERM');
  assert.equal(await second.exited, 0);
});

test('after kill -9 the next start goes on, with the orphaned Postgres or without', async () => {
  const env = { DATA_DIR: dataDir('killed'), OLLAGRAPH_API_KEY: KEY, ...OPEN };
  await using site = await startSite();
  await using receiver = await startReceiver();
  await using first = startProcess(env);

  async function killInTheMiddle(service: ServiceProcess, path: string): Promise<string> {
    const held = gate(page('Held', 'text'));
    site.routes.set(path, held.route);
    const api = await apiOf(service, KEY);
    const urls = [site.url(path), 'http://10.0.0.1/'];
    const id = await api.queue('/v1/scrape/batch/async', { urls, webhook_url: receiver.url(path) });
    await held.entered;
    service.kill('SIGKILL');
    await service.exited;
    site.routes.set(path, page('There', 'text'));
    return id;
  }

  const firstJob = await killInTheMiddle(first, '/one');
  const orphan = await postmasterOf(env.DATA_DIR);
  assert.ok(existsSync(`/proc/${orphan}`));
  await using second = startProcess(env);
  await second.ready();
  assert.equal(await postmasterOf(env.DATA_DIR), orphan);
  const secondJob = await killInTheMiddle(second, '/two');
  // Its processes may outlive it, and until they end no other Postgres can open the cluster.
  const children = await readFile(`/proc/${orphan}/task/${orphan}/children`, 'utf8');
  const survivor = Number(children.split(' ')[0]);
  process.kill(survivor, 'SIGSTOP');
  process.kill(orphan, 'SIGKILL');

  await using third = startProcess(env);
  try {
    const log = join(env.DATA_DIR, 'postgres.log');
    await eventually(async () => (await readFile(log, 'utf8')).includes('is still in use'));
  } finally {
    process.kill(survivor, 'SIGCONT');
  }
  const api = await apiOf(third, KEY);
  for (const [id, path] of [
    [firstJob, '/one'],
    [secondJob, '/two'],
  ] as const) {
    const job = await api.finished(id);
    assert.deepEqual([job.status, job.succeeded, job.failed], ['completed', 1, 1]);
    await receiver.received(1, path);
    await eventually(async () => (await api('GET', `/v1/jobs/${id}`)).json.delivery.status === 'delivered');
    assert.equal(receiver.callbacks.filter((c) => c.path === path).length, 1);
  }
  third.kill('SIGTERM');
  assert.equal(await third.exited, 0);
});

test('SIGTERM finishes what is under way, refuses what comes later, and loses nothing', async () => {
  await using database = await createTestDatabase();
  await using site = await startSite();
  const sync = gate(page('Now', 'text'));
  const queued = gate(page('Queued', 'text'));
  site.routes.set('/now', sync.route);
  site.routes.set('/queued', queued.route);
  const env = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY, ...OPEN };
  await using service = startProcess(env);
  const api = await apiOf(service, KEY);
  const answer = api('POST', '/v1/scrape', { url: site.url('/now') });
  const job_id = await api.queue('/v1/scrape/batch/async', { urls: [site.url('/queued')] });
  await Promise.all([sync.entered, queued.entered]);

  service.kill('SIGTERM');
  await eventually(() => service.output().includes('waiting for work under way'));
  await eventually(async () => {
    await assert.rejects(api('GET', '/healthz'), { message: 'fetch failed' });
    return true;
  });
  sync.open();
  queued.open();
  assert.equal((await answer).json.metadata.title, 'Now');
  assert.equal(await service.exited, 0);
  const job = await database.db
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', job_id)
    .executeTakeFirstOrThrow();
  assert.deepEqual([job.status, job.succeeded], ['completed', 1]);
});

test('web, worker and dispatcher processes start at once on one empty database', async () => {
  await using database = await createTestDatabase({ empty: true });
  await using site = await startSite({ '/': page('Home', 'Hello.', ['/a']), '/a': page('A', 'a') });
  await using receiver = await startReceiver();
  const env = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY, ...OPEN };
  await using web = startProcess({ ...env, ROLES: 'web' });
  await using worker = startProcess({ ...env, ROLES: 'worker' });
  await using dispatcher = startProcess({ ...env, ROLES: 'dispatcher' });
  const api = await apiOf(web, KEY);
  assert.equal(await worker.ready(), null);
  assert.equal(await dispatcher.ready(), null);
  assert.deepEqual((await api('GET', '/readyz')).json.checks, {
    accepting: true,
    database: true,
    writable: true,
  });

  const job_id = await api.queue('/v1/crawl', { url: site.url('/'), webhook_url: receiver.url() });
  const [callback] = await receiver.received(1);
  const { result } = JSON.parse(callback!.body.toString());
  assert.deepEqual([result.total, result.succeeded], [2, 2]);
  assert.equal((await api.finished(job_id)).status, 'completed');
  assert.equal((await database.db.selectFrom('accounts').select('id').execute()).length, 1);
  for (const part of [web, worker, dispatcher]) part.kill('SIGTERM');
  assert.deepEqual(await Promise.all([web.exited, worker.exited, dispatcher.exited]), [0, 0, 0]);
});

test('on a dyno without a database it stops and says what to do', async () => {
  const service = startProcess({ DYNO: 'web.1', DATABASE_URL: '', DATA_DIR: dataDir('never') });
  assert.equal(await service.exited, 1);
  assert.match(service.output(), /^DATABASE_URL: .*heroku addons:create heroku-postgresql\n$/);
  assert.ok(!existsSync(dataDir('never')));
});

test('a bad value stops the start with one line that names it', async () => {
  const service = startProcess({ WORKER_THREADS: 'many', DATA_DIR: dataDir('never') });
  assert.equal(await service.exited, 1);
  assert.match(service.output(), /^WORKER_THREADS: .*\n$/);
});

test('a database that cannot be reached stops the start, and its password is not printed', async () => {
  assert.equal(await withoutDatabase.exited, 1);
  assert.match(withoutDatabase.output(), /ECONNREFUSED/);
  assert.ok(!withoutDatabase.output().includes('hunter2secret'));
});

const NOBODY = 65534;
const asNobody = (...args: string[]) =>
  spawnSync(process.execPath, args, { uid: NOBODY, gid: NOBODY }).status === 0;
const canBeNobody =
  process.getuid?.() === 0 && asNobody('--check', new URL('../../src/main.ts', import.meta.url).pathname);

test(
  'it works for an ordinary user too',
  { skip: !canBeNobody && 'only root can become another user' },
  async () => {
    const DATA_DIR = dataDir('nobody');
    await mkdir(DATA_DIR);
    await chown(DATA_DIR, NOBODY, NOBODY);
    await using service = startProcess(
      { DATA_DIR, OLLAGRAPH_API_KEY: KEY, HOME: DATA_DIR, ...OPEN },
      { uid: NOBODY },
    );
    const api = await apiOf(service, KEY);
    assert.equal((await api('GET', '/v1/me')).status, 200);
    service.kill('SIGTERM');
    assert.equal(await service.exited, 0);
  },
);

test('a second signal cuts a stop short in good order: pages are queued again, requests get a 503', async () => {
  await using database = await createTestDatabase();
  await using site = await startSite();
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  await using service = startProcess({ DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY, ...OPEN });
  const api = await apiOf(service, KEY);
  const job_id = await api.queue('/v1/scrape/batch/async', { urls: [site.url('/held')] });
  await held.entered;
  const waited = api('POST', '/v1/scrape', { url: site.url('/held') });
  await eventually(async () => (await api('GET', '/v1/jobs?kind=scrape')).json.data.length === 1);
  service.kill('SIGINT');
  await eventually(() => service.output().includes('waiting for work under way'));
  service.kill('SIGINT');
  await eventually(() => service.output().includes('cutting work under way short'));
  const { status, json } = await waited;
  assert.deepEqual([status, json.code], [503, 'unavailable']);
  assert.equal(await service.exited, 0);
  assert.doesNotMatch(service.output(), /"level":50/);
  const { rows } = await database.pool.query('select remaining from jobs where id = $1', [job_id]);
  assert.deepEqual(rows, [{ remaining: 1 }]);
  held.open();
});

test('a stop answers who waits for a page that is not read in time, and cancels what nobody could find', async () => {
  await using database = await createTestDatabase();
  await using site = await startSite();
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const env = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY, ...OPEN };
  await using service = startProcess(env);
  const api = await apiOf(service, KEY);
  await using web = startProcess({ ...env, ROLES: 'web' });
  const webApi = await apiOf(web, KEY);

  const url = site.url('/held');
  const waiting = [
    api('POST', '/v1/scrape', { url }, { 'idempotency-key': 'once' }),
    api('POST', '/v1/scrape', { url }),
    webApi('POST', '/v1/scrape', { url }),
  ];
  await held.entered;
  await eventually(
    async () => (await api('GET', '/v1/jobs?kind=scrape')).json.data.length === waiting.length,
  );
  for (const process of [service, web]) process.kill('SIGTERM');
  for (const { status, json, headers } of await Promise.all(waiting))
    assert.deepEqual([status, json.code, headers.get('retry-after')], [503, 'unavailable', '1']);
  assert.deepEqual(await Promise.all([service.exited, web.exited]), [0, 0]);
  assert.doesNotMatch(service.output() + web.output(), /"level":50/);

  const { rows } = await database.pool.query(
    `select exists (select from idempotency_keys where job_id = jobs.id) as findable,
            finished_at is null as open
       from jobs
      order by 1, 2`,
  );
  assert.deepEqual(rows, [
    { findable: false, open: false },
    { findable: false, open: false },
    { findable: true, open: true },
  ]);
  held.open();
});
