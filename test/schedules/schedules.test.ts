import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createKey, revokeKey } from '../../src/accounts/keys/keys.ts';
import { MAX_SCHEDULES } from '../../src/schedules/create.ts';
import { createApi, type Api } from '../support/api.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const ADMIN_TOKEN = 'a-token-for-the-operator';
let service: TestService;
let site: Site;
let api: Api;
let db: TestService['db'];
before(async () => {
  service = await startTestService({
    SCHEDULE_MIN_SECONDS: '1',
    SECRET_KEY: 'a-secret-of-the-test',
    ADMIN_TOKEN,
  });
  site = await startSite({ '/': page('Home', 'Hello.') });
  ({ api, db } = service);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const home = () => ({ kind: 'scrape', url: site.url('/') });
const never = () => ({ name: 'test', every_seconds: 86_400, job: home() });

async function schedule(body: object, through: Api = api): Promise<string> {
  const { status, text, json } = await through('POST', '/v1/schedules', { ...never(), ...body });
  assert.equal(status, 201, text);
  return json.schedule_id;
}

const read = async (id: string, through: Api = api) => (await through('GET', `/v1/schedules/${id}`)).json;
const runsOf = async (id: string, through: Api = api) =>
  (await through('GET', `/v1/schedules/${id}/runs?limit=100`)).json.data;

/** Waits for a run of a schedule that is as it is looked for. */
// oxlint-disable-next-line typescript/no-explicit-any -- a run as it came
async function runWith(id: string, fits: (run: any) => boolean, through: Api = api) {
  return await eventually(async () => (await runsOf(id, through)).find(fits));
}

/** What the audit says was done to a schedule. */
async function actionsOn(id: string): Promise<string[]> {
  const { rows } = await sql<{ action: string }>`
    select action from audit_events where target = ${id} order by id`.execute(db);
  return rows.map(({ action }) => action);
}

test('a schedule is made, read, listed, changed, paused, resumed and deleted', async () => {
  const made = await api('POST', '/v1/schedules', {
    name: 'Morning',
    cron: '0 6 * * *',
    timezone: 'Europe/Berlin',
    job: {
      kind: 'batch',
      urls: [site.url('/'), site.url('/b')],
      headers: { Authorization: 'Bearer canary' },
    },
  });
  assert.equal(made.status, 201);
  const { schedule_id: id, ...shown } = made.json;
  assert.equal(made.headers.get('location'), `/v1/schedules/${id}`);
  assert.deepEqual(
    [shown.status, shown.kind, shown.url, shown.deliver, shown.overlap, shown.last_run, shown.runs],
    ['active', 'batch', site.url('/'), 'always', 'skip', null, 0],
  );
  assert.deepEqual(shown.job.headers, { Authorization: '…' });
  const { rows } = await sql<{ row: string }>`select s::text as row from schedules s`.execute(db);
  assert.ok(!JSON.stringify(rows).includes('canary'), 'what may be a credential is sealed');
  assert.ok(
    (await api('GET', '/v1/schedules')).json.data.some(
      ({ schedule_id }: { schedule_id: string }) => schedule_id === id,
    ),
  );

  const path = `/v1/schedules/${id}`;
  const changed = await api('PATCH', path, { every_seconds: 3600, until: '2100-01-01T00:00:00Z' });
  assert.deepEqual(
    [changed.json.cron, changed.json.every_seconds, changed.json.until, changed.json.name],
    [null, 3600, '2100-01-01T00:00:00.000Z', 'Morning'],
  );
  assert.equal((await api('PATCH', path, { until: null, name: 'Hourly' })).json.until, null);
  const paused = await api('POST', `${path}/pause`);
  assert.deepEqual([paused.json.status, paused.json.next_run_at], ['paused', null]);
  const still = await api('PATCH', path, { cron: '0 0 * * *' });
  assert.deepEqual([still.json.status, still.json.next_run_at], ['paused', null]);
  assert.equal((await api('POST', `${path}/resume`)).json.status, 'active');
  assert.equal((await api('DELETE', path)).status, 204);
  assert.equal((await api('GET', path)).status, 404);
});

test('the same times, given again, do not begin again', async () => {
  const until = '2100-01-01T00:00:00Z';
  const id = await schedule({ every_seconds: 3600, until });
  const { next_run_at } = await read(id);
  const path = `/v1/schedules/${id}`;
  const same = await api('PATCH', path, { every_seconds: 3600, timezone: 'UTC', until, name: 'same' });
  assert.deepEqual([same.json.next_run_at, same.json.name], [next_run_at, 'same']);
  const other = await api('PATCH', path, { every_seconds: 7200 });
  assert.notEqual(other.json.next_run_at, next_run_at);
});

test('a change cannot move the last moment into the past, and keeps one that has passed', async () => {
  const id = await schedule({ until: '2100-01-01T00:00:00Z' });
  const path = `/v1/schedules/${id}`;
  const { status, json } = await api('PATCH', path, { until: '2001-01-01T00:00:00Z' });
  assert.deepEqual([status, json.errors[0].path], [422, 'until']);
  await sql`update schedules set until = now() - interval '1 hour' where id = ${id}`.execute(db);
  assert.equal((await api('PATCH', path, { name: 'over' })).json.name, 'over');
});

test('cron and every_seconds take the place of each other, with null for the other', async () => {
  const id = await schedule({ cron: null, until: null, heartbeat_days: null });
  const change = async (body: object) => {
    const { status, json } = await api('PATCH', `/v1/schedules/${id}`, body);
    return status === 200 ? [json.cron, json.every_seconds] : json.errors[0].path;
  };
  assert.deepEqual(await change({ cron: '0 6 * * *', every_seconds: null }), ['0 6 * * *', null]);
  assert.deepEqual(await change({ every_seconds: null }), ['0 6 * * *', null]);
  assert.deepEqual(await change({ cron: ' 0\t6  * *  THU ' }), ['0 6 * * THU', null]);
  assert.deepEqual(await change({ every_seconds: 60, cron: null }), [null, 60]);
  assert.deepEqual(await change({ cron: null }), [null, 60]);
  assert.equal(await change({ every_seconds: null }), 'cron');
  assert.equal(await change({ every_seconds: 60, cron: '0 6 * * *' }), 'cron');
});

test('schedules are listed in pages', async () => {
  const other = await service.createAccount();
  const made = [];
  for (let n = 0; n < 3; n++) made.unshift(await schedule({}, other.api));
  const first = (await other.api('GET', '/v1/schedules?limit=2')).json;
  const rest = (await other.api('GET', `/v1/schedules?limit=2&cursor=${first.next_cursor}`)).json;
  const ids = [...first.data, ...rest.data].map(({ schedule_id }) => schedule_id);
  assert.deepEqual([ids, rest.next_cursor], [made, null]);
  for (const list of ['schedules', 'keys', 'endpoints']) {
    assert.equal((await other.api('GET', `/v1/${list}?limit=0`)).status, 422, list);
    assert.equal((await other.api('GET', `/v1/${list}?after=1`)).status, 422, list);
  }
});

test('the same Idempotency-Key makes one schedule', async () => {
  const make = async (body: object) =>
    await api('POST', '/v1/schedules', { ...never(), ...body }, { 'idempotency-key': 'one schedule' });
  const first = await make({});
  const second = await make({});
  assert.deepEqual([second.status, second.json], [201, first.json]);
  assert.deepEqual(await actionsOn(first.json.schedule_id), ['schedule.create']);
  assert.equal((await make({ name: 'other' })).json.code, 'idempotency_mismatch');
  await api('DELETE', `/v1/schedules/${first.json.schedule_id}`);
  assert.equal((await make({})).status, 404);
});

test('a job of a schedule may be as large as one that is queued', async () => {
  const long = 'x'.repeat(280);
  const urls = Array.from({ length: 50_000 }, (_, n) => site.url(`/${long}${n}`));
  const id = await schedule({ job: { kind: 'batch', urls } });
  assert.equal((await read(id)).job.urls.length, urls.length);
});

test('what cannot be used is refused, with its path under job', async () => {
  const bad: [body: object, path: string][] = [
    [{ cron: '* * * * *' }, 'cron'],
    [{ every_seconds: undefined }, 'cron'],
    [{ every_seconds: undefined, cron: 'tomorrow' }, 'cron'],
    [{ every_seconds: 0 }, 'every_seconds'],
    [{ timezone: 'Mars/Base' }, 'timezone'],
    [{ until: '2001-01-01T00:00:00Z' }, 'until'],
    [{ until: new Date(Date.now() + 3_600_000).toISOString() }, 'until'],
    [{ name: '' }, 'name'],
    [{ overlap: 'queue' }, 'overlap'],
    [{ heartbeat_days: 3 }, 'heartbeat_days'],
    [{ diff: true, job: { ...home(), format: 'text' } }, 'diff'],
    [{ job: { ...home(), kind: 'map' } }, 'job.kind'],
    [{ job: { ...home(), url: 'ftp://x' } }, 'job.url'],
    [{ job: { ...home(), webhook_url: 'http://example.com' } }, 'job.webhook_url'],
    [{ job: { kind: 'batch', urls: ['https://a.test', 'nonsense'] } }, 'job.urls[1]'],
    [{ job: { kind: 'crawl', url: site.url('/'), max_pages: 0 } }, 'job.max_pages'],
    [{ job: { ...home(), metadata: 'x'.repeat(17_000) } }, 'job.metadata'],
    [{ deliver: 'changes', job: { ...home(), webhook_events: ['job.page'] } }, 'job.webhook_events'],
  ];
  for (const [body, path] of bad) {
    const { status, json } = await api('POST', '/v1/schedules', { ...never(), ...body });
    assert.equal(status, 422, path);
    assert.equal(json.errors[0].path, path);
  }
});

test('a run that goes on makes the next one skipped, and /run refused', async () => {
  const held = gate(page('Slow', 'Slow.'));
  site.routes.set('/slow', held.route);
  const id = await schedule({ every_seconds: 1, job: { ...home(), url: site.url('/slow') } });
  await held.entered;
  const skipped = await runWith(id, ({ status }) => status === 'skipped');
  assert.deepEqual([skipped.skip_reason, skipped.job_id], ['still_running', null]);
  assert.equal((await api('POST', `/v1/schedules/${id}/run`)).json.code, 'already_running');
  await api('POST', `/v1/schedules/${id}/pause`);
  held.open();
  await runWith(id, ({ run, status }) => run === 1 && status === 'completed');
});

test('after an outage there is one run', async () => {
  const id = await schedule({ every_seconds: 3600 });
  await sql`update schedules set next_run_at = now() - interval '10 hours' where id = ${id}`.execute(db);
  await runWith(id, ({ status }) => status === 'completed');
  assert.equal((await runsOf(id)).length, 1);
  const { next_run_at } = await read(id);
  assert.ok(Date.parse(next_run_at) > Date.now());
});

test('a revoked key pauses its schedules, and another key resumes them', async () => {
  const other = await service.createAccount();
  const id = await schedule({}, other.api);
  const { rows } = await sql<{ key_id: string }>`select key_id from schedules where id = ${id}`.execute(db);
  const another = await service.createAccount();
  await revokeKey(db, other.id, rows[0]!.key_id);
  await sql`update schedules set next_run_at = now() where id = ${id}`.execute(db);
  await eventually(async () => {
    const { rows: found } = await sql<{ status: string; pause_reason: string }>`
      select status, pause_reason from schedules where id = ${id}`.execute(db);
    return found[0]!.status === 'paused' && found[0]!.pause_reason === 'key_revoked';
  });
  assert.equal((await another.api('GET', `/v1/schedules/${id}`)).status, 404);
  const { key } = await createKey(db, other.id, 'second');
  const { json } = await createApi(api.origin, key)('POST', `/v1/schedules/${id}/resume`);
  assert.deepEqual([json.status, json.pause_reason], ['active', null]);
});

test('a schedule goes on with the key that resumes it, also where that comes before the pause', async () => {
  const owner = await service.createAccount();
  const id = await schedule({}, owner.api);
  const keyOf = async () =>
    await db.selectFrom('schedules').select(['key_id', 'status']).where('id', '=', id).executeTakeFirst();
  const { key_id: first } = (await keyOf())!;
  const { id: second, key } = await createKey(db, owner.id, 'second');
  await revokeKey(db, owner.id, first);
  const { status, json } = await createApi(api.origin, key)('POST', `/v1/schedules/${id}/resume`);
  assert.deepEqual([status, json.status], [200, 'active']);
  assert.deepEqual(await keyOf(), { key_id: second, status: 'active' });
});

test('a schedule runs with the key that changes its job or its times, within its limit', async () => {
  const owner = await service.createAccount();
  const small = { scopes: ['scrape', 'jobs:read'], expires_at: null, credit_limit: 1 } as const;
  const { key } = await createKey(db, owner.id, 'small', small);
  const theirs = createApi(api.origin, key);
  const urls = [site.url('/'), site.url('/')];
  for (const change of [{ job: { kind: 'batch', urls } }, { every_seconds: 3600 }]) {
    const id = await schedule({ job: { kind: 'batch', urls } }, owner.api);
    await theirs('PATCH', `/v1/schedules/${id}`, { name: 'Renamed' });
    await sql`update schedules set next_run_at = now() where id = ${id}`.execute(db);
    await runWith(id, ({ run, status }) => run === 1 && status === 'completed', owner.api);
    assert.equal((await theirs('PATCH', `/v1/schedules/${id}`, change)).status, 200);
    await sql`update schedules set next_run_at = now() where id = ${id}`.execute(db);
    const skipped = await runWith(id, ({ run, status }) => run === 2 && status !== 'running', owner.api);
    assert.equal(skipped.skip_reason, 'out_of_credits');
  }
});

test('without credits a run is skipped, and says why', async () => {
  const poor = await service.createAccount({ credits: 0 });
  const id = await schedule({ every_seconds: 1 }, poor.api);
  const skipped = await runWith(id, ({ status }) => status === 'skipped', poor.api);
  assert.equal(skipped.skip_reason, 'out_of_credits');
  assert.match(skipped.skip_detail, /1 credits, and the account has 0/);
  assert.equal((await read(id, poor.api)).last_run.skip_reason, 'out_of_credits');
  assert.equal((await poor.api('GET', '/v1/jobs')).json.data.length, 0);
  assert.equal((await poor.api('POST', `/v1/schedules/${id}/run`)).status, 402);
});

test('what is no longer accepted is refused at each run', async () => {
  const id = await schedule({ job: { ...home(), webhook_url: 'https://10.0.0.1.nip.invalid/' } });
  const { context } = service;
  const request = JSON.stringify({ ...home(), webhook_url: 'https://10.0.0.1/' });
  await sql`update schedules set request = ${request}, next_run_at = now() where id = ${id}`.execute(
    context.db,
  );
  const skipped = await runWith(id, ({ status }) => status === 'skipped');
  assert.equal(skipped.skip_reason, 'job_refused');
  assert.match(skipped.skip_detail, /job\.webhook_url.*not public/);
});

test('a schedule ends with its last moment', async () => {
  const id = await schedule({ every_seconds: 3600, until: new Date(Date.now() + 4_000_000).toISOString() });
  await sql`update schedules set next_run_at = now(), until = now() + interval '1 minute'
    where id = ${id}`.execute(db);
  await runWith(id, ({ status }) => status === 'completed');
  const { status, next_run_at } = await read(id);
  assert.deepEqual([status, next_run_at], ['ended', null]);
});

test('a heartbeat is delivered when nothing has changed for long', async () => {
  await using receiver = await startReceiver();
  const id = await schedule({
    deliver: 'changes',
    heartbeat_days: 2,
    job: { ...home(), webhook_url: receiver.url() },
  });
  const run = async () => {
    const { json } = await api('POST', `/v1/schedules/${id}/run`);
    return await api.finished(json.job_id);
  };
  await run();
  assert.equal((await run()).delivery, null);
  await sql`update schedule_runs set finished_at = finished_at - interval '3 days'
    where schedule_id = ${id}`.execute(db);
  const heartbeat = await run();
  assert.notEqual(heartbeat.delivery, null);
  assert.equal(heartbeat.result.change, 'unchanged');
  const [, second] = await receiver.received(2);
  assert.deepEqual(JSON.parse(second!.body.toString()).changes, {
    added: 0,
    changed: 0,
    removed: 0,
    unchanged: 1,
  });
  assert.equal((await run()).delivery, null);
});

test('the same Idempotency-Key runs a schedule once', async () => {
  const id = await schedule({});
  const answers = [];
  for (let n = 0; n < 2; n++)
    answers.push(await api('POST', `/v1/schedules/${id}/run`, undefined, { 'idempotency-key': 'once' }));
  assert.deepEqual(answers[1]!.json, answers[0]!.json);
  assert.equal((await runsOf(id)).length, 1);
  assert.deepEqual(await actionsOn(id), ['schedule.create', 'schedule.run']);
});

test('deleting a schedule cancels its run and forgets its pages', async () => {
  const held = gate(page('Slow', 'Slow.'));
  site.routes.set('/held', held.route);
  const id = await schedule({ job: { kind: 'batch', urls: [site.url('/'), site.url('/held')] } });
  const { json } = await api('POST', `/v1/schedules/${id}/run`);
  await held.entered;
  assert.equal((await api('DELETE', `/v1/schedules/${id}`)).status, 204);
  const job = await api.finished(json.job_id);
  held.open();
  assert.equal(job.status, 'cancelled');
  for (const table of ['schedule_runs', 'known_pages'] as const) {
    const { rows } = await sql`select 1 from ${sql.table(table)} where schedule_id = ${id}`.execute(db);
    assert.equal(rows.length, 0, table);
  }
});

test('metrics count schedules by status', async () => {
  await api('POST', `/v1/schedules/${await schedule({})}/pause`);
  const response = await fetch(`${api.origin}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  const text = await response.text();
  assert.match(text, /^ollagraph_schedules\{status="active"\} [1-9]/m);
  assert.match(text, /^ollagraph_schedules\{status="paused"\} [1-9]/m);
  assert.match(text, /^ollagraph_schedules_late_seconds \d/m);
});

test('an account has a bounded number of schedules', async () => {
  const other = await service.createAccount();
  const { rows } = await sql<{ request: string }>`select request from schedules limit 1`.execute(db);
  await sql`
    insert into schedules (account_id, id, name, every_seconds, kind, url, request, key_id, next_run_at)
    select ${other.id}, 'sch_' || lpad(to_hex(n), 24, '0'), 'many', 86400, 'scrape', 'https://a.test',
      ${rows[0]!.request}, 'key_none', now() + interval '1 day'
    from generate_series(1, ${MAX_SCHEDULES}::int) as n`.execute(db);
  const { status, json } = await other.api('POST', '/v1/schedules', never());
  assert.deepEqual([status, json.code], [409, 'too_many_schedules']);
});
