import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { compareClocks } from '../../src/cli/check.ts';
import { startEmbedded } from '../../src/database/embedded/server.ts';
import { noBrowser } from '../support/browser/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { startFront } from './front.ts';
import { callerOf, runCli, runCliProcess } from './run-cli.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': 'Hello.' });
  await eventually(async () => (await service.api('GET', '/readyz')).status === 200);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Runs `doctor`, and returns the state of each check. */
async function examine(env: Record<string, string>, args: string[] = []) {
  const run = await runCli(env, ['doctor', '--json', ...args]);
  const { data } = JSON.parse(run.stdout) as { data: { check: string; status: string; detail: string }[] };
  assert.equal(run.exitCode, data.some(({ status }) => status === 'failed') ? 1 : 0);
  return {
    states: Object.fromEntries(data.map(({ check, status }) => [check, status])),
    details: data.map(({ detail }) => detail).join('\n'),
  };
}

test('an installation and a service that are in order', async () => {
  const env = {
    ...callerOf(service),
    DATABASE_URL: service.context.databaseUrl,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
  };
  const { states } = await examine(env, ['--probe', site.url('/')]);
  assert.deepEqual(states, {
    configuration: 'ok',
    database: 'ok',
    'database clock': 'ok',
    egress: 'ok',
    rendering: noBrowser === false ? 'ok' : 'skipped',
    service: 'ok',
    key: 'ok',
    'service clock': 'ok',
  });
  const text = await runCliProcess(env, ['doctor', '--probe', site.url('/')]);
  assert.match(text.stdout, /^✓ configuration +It can be used: PORT 3000/);
});

test('a caller without an installation is not told of one', async () => {
  const env = { ...callerOf(service), DATA_DIR: join(testRun().directory, 'nothing-here') };
  const { states } = await examine(env);
  assert.deepEqual(states, {
    configuration: 'ok',
    database: 'skipped',
    egress: 'skipped',
    service: 'ok',
    key: 'ok',
    'service clock': 'ok',
  });
});

test('what is wrong is named', async () => {
  await using empty = await createTestDatabase({ empty: true });
  const wrong = await examine(
    { OLLAGRAPH_URL: service.api.origin, OLLAGRAPH_API_KEY: 'ok_no_such_key_1234', DATABASE_URL: empty.url },
    ['--probe', site.url('/')],
  );
  assert.deepEqual(wrong.states, {
    configuration: 'ok',
    database: 'failed',
    'database clock': 'ok',
    egress: 'failed',
    rendering: noBrowser === false ? 'ok' : 'skipped',
    service: 'ok',
    key: 'failed',
    'service clock': 'ok',
  });
  assert.match(wrong.details, /lacks \d+ migrations/);
  assert.match(wrong.details, /\(blocked_target\)/);
  assert.match(wrong.details, /does not take this key/);

  const away = {
    OLLAGRAPH_URL: 'http://127.0.0.1:9',
    DATABASE_URL: 'postgres://a@127.0.0.1:1/a',
    DNS_SERVERS: '127.0.0.1:1',
  };
  assert.deepEqual((await examine(away)).states, {
    configuration: 'ok',
    database: 'failed',
    egress: 'failed',
    rendering: noBrowser === false ? 'ok' : 'skipped',
    service: 'failed',
  });
  const misconfigured = await examine({ OLLAGRAPH_URL: service.api.origin, RETENTION_DAYS: 'x' });
  assert.deepEqual(misconfigured.states, {
    configuration: 'failed',
    service: 'ok',
    key: 'skipped',
    'service clock': 'ok',
  });
  assert.match(misconfigured.details, /RETENTION_DAYS/);
});

test('a service that is not ready, has another clock, or is another one', async () => {
  let date = new Date();
  await using front = await startFront(service.api.origin, (req, res) => {
    if (req.url !== '/readyz') return false;
    res.writeHead(503, { 'content-type': 'application/json', date: date.toUTCString() });
    res.end(JSON.stringify({ status: 'not ready', checks: { accepting: true, database: false } }));
    return true;
  });
  const through = { ...callerOf(service), OLLAGRAPH_URL: front.origin, DATA_DIR: '/no/such' };
  const unready = await examine(through);
  assert.deepEqual([unready.states.service, unready.states['service clock']], ['failed', 'ok']);
  assert.match(unready.details, /is not ready: database\./);
  date = new Date(Date.now() - 600_000);
  const late = await examine(through);
  assert.equal(late.states['service clock'], 'failed');
  assert.match(late.details, /It is \d+\.\d s behind the clock here/);
  assert.equal((await examine({ ...through, OLLAGRAPH_URL: site.origin })).states.service, 'failed');
});

test('a Postgres that hangs is told apart from none', async () => {
  const dataDir = join(testRun().directory, 'hanging');
  await using stack = new AsyncDisposableStack();
  const postgres = await startEmbedded(dataDir, pino({ level: 'silent' }));
  stack.defer(() => postgres.close());
  const pid = Number((await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
  const env = { ...callerOf(service), DATA_DIR: dataDir };
  process.kill(pid, 'SIGSTOP');
  const hanging = await examine(env).finally(() => process.kill(pid, 'SIGCONT'));
  assert.equal(hanging.states.database, 'failed');
  const silence = new RegExp(
    `The Postgres on ${dataDir}, process ${pid}, takes no connection on port \\d+ \\(.*timeout`,
  );
  assert.match(hanging.details, silence);
  await postgres.close();
  assert.match((await examine(env)).details, new RegExp(`No Postgres runs on ${dataDir}:`));
});

test('clocks agree within the time that asking took, and may differ by a minute', () => {
  assert.deepEqual(
    compareClocks('c', { other: 1050, before: 1000, after: 1100, precision: 1 }).detail,
    'It agrees with the clock here.',
  );
  assert.deepEqual(
    compareClocks('c', { other: 500, before: 1000, after: 1100, precision: 1000 }).detail,
    'It agrees with the clock here.',
  );
  assert.deepEqual(
    compareClocks('c', { other: 61_000, before: 1000, after: 1100, precision: 1 }).status,
    'ok',
  );
  assert.deepEqual(
    compareClocks('c', { other: 62_000, before: 1000, after: 1100, precision: 1 }).status,
    'failed',
  );
  assert.match(
    compareClocks('c', { other: 0, before: 100_000, after: 100_100, precision: 1 }).detail,
    /100\.0 s behind/,
  );
});
