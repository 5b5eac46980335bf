import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { forgetIdempotencyKeys } from '../../src/jobs/idempotency.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': page('Home', 'Hello.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const withKey = (key: string) => ({ 'idempotency-key': key });

async function jobCount(): Promise<number> {
  return (
    await service.db
      .selectFrom('jobs')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
  ).n;
}

test('the same key and body return the first job and create no other', async () => {
  for (const [path, body] of [
    ['/v1/scrape/async', { url: site.url('/') }],
    ['/v1/scrape/batch/async', { urls: [site.url('/'), site.url('/')] }],
    ['/v1/crawl', { url: site.url('/'), max_pages: 1 }],
  ] as const) {
    const first = await service.api('POST', path, body, withKey(`repeat ${path}`));
    const jobs = await jobCount();
    const second = await service.api('POST', path, body, withKey(`repeat ${path}`));
    assert.deepEqual([second.status, second.json], [202, first.json]);
    await service.api.finished(first.json.job_id);
    const third = await service.api('POST', path, body, withKey(`repeat ${path}`));
    assert.deepEqual(third.json, first.json);
    assert.equal(await jobCount(), jobs);
  }
});

test('a repeated synchronous request gets the first answer, byte for byte, and costs nothing', async () => {
  const body = { urls: [site.url('/'), 'http://127.0.0.1:1/'] };
  const first = await service.api('POST', '/v1/scrape/batch', body, withKey('sync'));
  const fetched = site.requests.length;
  const { credits } = (await service.api('GET', '/v1/me')).json;
  const second = await service.api('POST', '/v1/scrape/batch', body, withKey('sync'));
  assert.equal(second.text, first.text);
  assert.equal(site.requests.length, fetched);
  assert.equal((await service.api('GET', '/v1/me')).json.credits, credits);
});

test('the same key with another body or path is a 422', async () => {
  await service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('mismatch'));
  const jobs = await jobCount();
  for (const [path, body] of [
    ['/v1/scrape/async', { url: site.url('/other') }],
    ['/v1/crawl', { url: site.url('/') }],
  ] as const) {
    const answer = await service.api('POST', path, body, withKey('mismatch'));
    assert.deepEqual([answer.status, answer.json.code], [422, 'idempotency_mismatch']);
  }
  assert.equal(await jobCount(), jobs);
});

test('while the first request runs, the second is a 409 that says when to come back', async () => {
  const held = gate(page('Slow', 'At last.'));
  site.routes.set('/held', held.route);
  const body = { url: site.url('/held') };
  const first = service.api('POST', '/v1/scrape', body, withKey('busy'));
  await held.entered;
  const second = await service.api('POST', '/v1/scrape', body, withKey('busy'));
  held.open();
  assert.deepEqual([second.status, second.json.code], [409, 'idempotency_busy']);
  assert.equal(second.headers.get('retry-after'), '1');
  const { text, status } = await first;
  assert.equal(status, 200);
  assert.equal((await service.api('POST', '/v1/scrape', body, withKey('busy'))).text, text);
});

test('a first request that has not committed yet makes the second a 409', async () => {
  await service.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${service.account.id} uncommitted`}, 0))`.execute(
      tx,
    );
    const answer = await service.api(
      'POST',
      '/v1/scrape/async',
      { url: site.url('/') },
      withKey('uncommitted'),
    );
    assert.deepEqual([answer.status, answer.json.code], [409, 'idempotency_busy']);
  });
});

test('many requests at once create one job; the others get it, or a 409', async () => {
  const jobs = await jobCount();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('at once')),
    ),
  );
  const made = answers.filter((a) => a.status === 202);
  assert.ok(made.length >= 1);
  assert.equal(new Set(made.map((a) => a.json.job_id)).size, 1);
  assert.ok(answers.every((a) => a.status === 202 || a.status === 409));
  assert.equal(await jobCount(), jobs + 1);
});

test("another account's same key is another key", async () => {
  const { api } = await service.createAccount();
  const mine = await service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('shared'));
  const theirs = await api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('shared'));
  assert.equal(theirs.status, 202);
  assert.notEqual(theirs.json.job_id, mine.json.job_id);
});

test('a request that was refused does not use its key up', async () => {
  const { api } = await service.createAccount({ credits: 1 });
  const urls = [site.url('/'), site.url('/')];
  assert.equal((await api('POST', '/v1/scrape/batch/async', { urls }, withKey('poor'))).status, 402);
  assert.equal((await api('POST', '/v1/scrape/batch/async', { urls: [1] }, withKey('poor'))).status, 422);
  assert.equal(
    (await api('POST', '/v1/scrape/batch/async', { urls: [urls[0]] }, withKey('poor'))).status,
    202,
  );
});

test('a repeated request is answered though what it names is refused by now', async () => {
  await using database = await createTestDatabase();
  const shared = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: 'ok_test_repeated', ROLES: 'web' };
  await using earlier = await startTestService(shared);
  await using now = await startTestService({ ...shared, ALLOW_PRIVATE_WEBHOOKS: '' });
  const job = { url: 'https://a.test/', webhook_url: 'https://127.0.0.1:8443/hook' };
  const schedule = { name: 'one', every_seconds: 86_400, job: { kind: 'scrape', ...job } };
  const made = await earlier.api('POST', '/v1/schedules', schedule, withKey('schedule'));
  const run = `/v1/schedules/${made.json.schedule_id}/run`;
  const requests: [path: string, body: object | undefined, key: string][] = [
    ['/v1/scrape/async', job, 'scrape'],
    ['/v1/crawl', job, 'crawl'],
    ['/v1/map/async', job, 'map'],
    ['/v1/schedules', schedule, 'schedule'],
    [run, undefined, 'run'],
  ];
  for (const [path, body, key] of requests) {
    const first = await earlier.api('POST', path, body, withKey(key));
    assert.ok(first.status < 300, `${path}: ${first.text}`);
    const repeated = await now.api('POST', path, body, withKey(key));
    assert.deepEqual([repeated.status, repeated.json], [first.status, first.json], path);
    const other = await now.api('POST', path, body, withKey(`${key} once more`));
    assert.deepEqual([other.status, other.json.code], [422, 'validation_failed'], path);
  }
});

test('a key that is empty, too long or not printable is a 422', async () => {
  for (const key of ['x'.repeat(256), 'tab\there']) {
    const answer = await service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey(key));
    assert.deepEqual([answer.status, answer.json.errors[0].path], [422, 'Idempotency-Key']);
  }
});

test('keys are forgotten after 24 hours, not before', async () => {
  const { json } = await service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('old'));
  const age = async (hours: number) => {
    await sql`update idempotency_keys set created_at = now() - ${hours} * interval '1 hour' where key = 'old'`.execute(
      service.db,
    );
    await forgetIdempotencyKeys(service.db);
    return await service.api('POST', '/v1/scrape/async', { url: site.url('/') }, withKey('old'));
  };
  assert.equal((await age(23.9)).json.job_id, json.job_id);
  assert.notEqual((await age(24.1)).json.job_id, json.job_id);
});
