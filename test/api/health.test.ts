import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { problemSchema } from '../../src/http/problem.ts';
import { sql } from 'kysely';
import { createApi, type Api } from '../support/api.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let anybody: Api;
before(async () => {
  service = await shareTestService();
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
      checks: { accepting: true, database: true, writable: true, dispatcher: true, workers: true },
      rendering: 'off',
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

test('a database that takes no changes is not ready', async () => {
  await using readOnly = await startTestService({ ROLES: 'web' });
  const visitor = createApi(readOnly.api.origin, null);
  assert.equal((await visitor('GET', '/readyz')).status, 200);
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(readOnly.db);
  const { name } = rows[0]!;
  // New connections have the setting, and those that are open end. They are ended from another
  // database: a session that ended itself first would leave some of the others open.
  await sql`alter database ${sql.id(name)} set default_transaction_read_only = on`.execute(service.db);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(
    service.db,
  );
  await eventually(async () => {
    const { status, json } = await visitor('GET', '/readyz');
    return status === 503 && json.checks.database === true && json.checks.writable === false;
  });
});

test('a head that is too large is a 431, and what is no HTTP a 400, as problem documents', async () => {
  const { hostname, port } = new URL(service.api.origin);
  for (const [sent, status, code] of [
    [`GET /v1/me?x=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'headers_too_large'],
    [`GET /v1/me HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['HELLO\r\n\r\n', 400, 'bad_request'],
    ['GET /healthz HTTP/1.1\r\n\r\n', 400, 'bad_request'],
    ['POST /v1/scrape HTTP/1.1\r\nHost: x\r\nExpect: more\r\n\r\n', 400, 'bad_request'],
    ['CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 405, 'method_not_allowed'],
  ] as const) {
    const socket = connect(Number(port), hostname);
    socket.write(sent);
    const answer = await text(socket);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(head, /Content-Type: application\/problem\+json/);
    const problem = problemSchema.parse(JSON.parse(body));
    assert.deepEqual([problem.status, problem.code], [status, code]);
  }
});

test('answers carry the headers that keep a browser from doing something foolish', async () => {
  const { headers } = await anybody('GET', '/healthz');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('x-powered-by'), null);
});

test('all roles in one busy process hold at most 13 database connections', async () => {
  await using busy = await startTestService({ WORKER_THREADS: '2' });
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const urls = Array.from({ length: 50 }, () => site.url('/'));
  const { job_id } = (await busy.api('POST', '/v1/scrape/batch/async', { urls })).json;
  let most = 0;
  const reads = Array.from({ length: 20 }, async () => {
    for (let n = 0; n < 10; n++) {
      await busy.api('GET', `/v1/jobs/${job_id}?result=false`);
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from pg_stat_activity where datname = current_database()`.execute(busy.db);
      most = Math.max(most, rows[0]!.n);
    }
  });
  await Promise.all([...reads, busy.api.finished(job_id)]);
  // One more where the database is the embedded one: it holds the lock of the data directory.
  assert.ok(most <= 12, `${most} connections`);
});
