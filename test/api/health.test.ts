import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createApi, type Api } from '../support/api.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let anybody: Api;
before(async () => {
  service = await startTestService();
  anybody = createApi(service.api.origin, null);
});
after(() => service[Symbol.asyncDispose]());

test('liveness and readiness need no key', async () => {
  const alive = await anybody('GET', '/healthz');
  assert.deepEqual([alive.status, alive.json], [200, { status: 'ok' }]);
  // The threads come up a moment after the API.
  await eventually(async () => {
    const { status, json } = await anybody('GET', '/readyz');
    assert.deepEqual(json, {
      status: 'ready',
      checks: { accepting: true, database: true, dispatcher: true, workers: true },
    });
    assert.equal(status, 200);
    return true;
  });
});

test('a service that drains says so, and serves what still comes', async () => {
  await using draining = await startTestService();
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const visitor = createApi(draining.api.origin, null);
  draining.service.drain();
  const { status, json, headers } = await visitor('GET', '/readyz');
  assert.deepEqual([status, json.checks.accepting], [503, false]);
  assert.equal(headers.get('connection'), 'close');
  assert.equal((await visitor('GET', '/healthz')).status, 200);
  assert.equal((await draining.api('POST', '/v1/scrape', { url: site.url('/') })).json.status, 'ok');
});

test('answers carry the headers that keep a browser from doing something foolish', async () => {
  const { headers } = await anybody('GET', '/healthz');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('x-powered-by'), null);
});

test('all roles in one process hold at most 13 connections to the database, also when there is much to do', async () => {
  await using busy = await startTestService({ WORKER_THREADS: '2' });
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const urls = Array.from({ length: 200 }, () => site.url('/'));
  const { job_id } = (await busy.api('POST', '/v1/scrape/batch/async', { urls })).json;
  let most = 0;
  const reads = Array.from({ length: 20 }, async () => {
    for (let ended = false; !ended;) {
      ended = (await busy.api('GET', `/v1/jobs/${job_id}?result=false`)).json.status === 'completed';
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from pg_stat_activity where datname = current_database()`.execute(busy.db);
      most = Math.max(most, rows[0]!.n);
    }
  });
  await Promise.all(reads);
  // One more where the database is the embedded one: it holds the lock of the data directory.
  assert.ok(most <= 12, `${most} connections`);
});
