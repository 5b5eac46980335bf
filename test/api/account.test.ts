import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite, type Site } from '../support/site.ts';

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

test('an account reads what it has and the secret that its webhooks are signed with', async () => {
  const { status, json, headers } = await service.api('GET', '/v1/me');
  assert.equal(status, 200);
  assert.equal(json.account_id, service.account.id);
  assert.equal(json.plan, 'free');
  assert.equal(json.credits, 1_000_000);
  assert.match(json.webhook_secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(headers.get('cache-control'), 'no-store');
});

test('a new account has the free credits that the contract promises', async () => {
  await using plain = await startTestService({ ROLES: 'web', FREE_CREDITS: '' });
  assert.equal((await plain.api('GET', '/v1/me')).json.credits, 1000);
});

test('rotation answers with the new secret, with and without a body', async () => {
  const first = (await service.api('GET', '/v1/me')).json.webhook_secret;
  const rotated = await service.api('POST', '/v1/me/webhook-secret/rotate');
  assert.equal(rotated.status, 200);
  assert.notEqual(rotated.json.webhook_secret, first);
  assert.equal(rotated.json.previous_secret_until, null);
  assert.equal(rotated.headers.get('cache-control'), 'no-store');
  assert.equal((await service.api('GET', '/v1/me')).json.webhook_secret, rotated.json.webhook_secret);

  const asked = Date.now();
  const overlapping = await service.api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 3600 });
  const until = Date.parse(overlapping.json.previous_secret_until);
  assert.ok(until >= asked + 3_590_000 && until <= Date.now() + 3_610_000);
  assert.equal(
    (await service.api('GET', '/v1/me')).json.previous_secret_until,
    overlapping.json.previous_secret_until,
  );
});

test('keys are stored as digests, and secrets appear only in the answers meant for them', async () => {
  const keys = await service.db.selectFrom('api_keys').selectAll().execute();
  assert.ok(!JSON.stringify(keys).includes(service.account.key));
  const me = (await service.api('GET', '/v1/me')).text;
  assert.ok(!me.includes(service.account.key));
  assert.ok(!JSON.stringify(service.logs).includes(service.account.key));
});

test('with SECRET_KEY webhook secrets are stored sealed', async () => {
  await using sealed = await startTestService({ ROLES: 'web', SECRET_KEY: 'a test key of some length' });
  const { webhook_secret } = (await sealed.api('GET', '/v1/me')).json;
  assert.match(webhook_secret, /^whsec_/);
  const row = await sealed.db.selectFrom('accounts').select('webhook_secret').executeTakeFirstOrThrow();
  assert.ok(!row.webhook_secret.includes(webhook_secret.slice(6)));
  assert.doesNotMatch(row.webhook_secret, /^whsec_/);
});

test('usage shows what the days cost', async () => {
  const { api } = await service.createAccount();
  assert.deepEqual((await api('GET', '/v1/me/usage')).json, { data: [], total: 0 });
  await api('POST', '/v1/scrape/batch', { urls: [site.url('/'), site.url('/'), 'http://127.0.0.1:1/'] });
  await api('POST', '/v1/scrape', { url: site.url('/') });
  const { json } = await api('GET', '/v1/me/usage');
  assert.equal(json.total, 3);
  assert.equal(
    json.data.reduce((sum: number, day: { jobs: number }) => sum + day.jobs, 0),
    2,
  );
  for (const { date } of json.data) assert.match(date, /^\d{4}-\d\d-\d\d$/);
  assert.deepEqual((await api('GET', '/v1/me/usage?from=2020-01-01&to=2020-01-31')).json, {
    data: [],
    total: 0,
  });
});
