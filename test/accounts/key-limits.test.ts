import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createKey } from '../../src/accounts/keys/keys.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { KEY_SCOPES, type KeyScope } from '../../src/database/enumerations.ts';
import { scopeOf } from '../../src/http/access/scope.ts';
import { createApi, type Api } from '../support/api.ts';
import { createBrowserSession } from '../support/browser/session.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';

const ADMIN_TOKEN = 'a token for the operators of tests';

let service: TestService;
let site: Site;
before(async () => {
  service = await startTestService({ ADMIN_TOKEN });
  site = await startSite({ '/': page('Home', 'Hello.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Makes a key over the API, and a client that calls with it. */
async function made(body: object, maker: Api = service.api): Promise<{ api: Api; key: string; id: string }> {
  const { status, text, json } = await maker('POST', '/v1/keys', { name: 'small', ...body });
  assert.equal(status, 201, text);
  return { api: createApi(service.api.origin, json.key), key: json.key, id: json.key_id };
}

test('a key opens the routes of its scopes, and the others name the scope that it lacks', async () => {
  const routes = ROUTES.filter(({ access }) => access === 'account');
  for (const scope of KEY_SCOPES) {
    const { api } = await made({ scopes: [scope] });
    for (const declared of routes) {
      const needed = scopeOf(declared) as KeyScope;
      const path = declared.path.replace(/\{\w+\}/g, 'none');
      const { status, json, headers } = await api(declared.method.toUpperCase(), path);
      const refused = status === 403;
      assert.equal(refused, needed !== scope, `${declared.id} with ${scope}: ${status}`);
      if (!refused) continue;
      assert.deepEqual([json.code, json.scope], ['insufficient_scope', needed]);
      assert.match(headers.get('www-authenticate')!, new RegExp(`scope="${needed}"`));
    }
  }
});

test('the document names the scope of each route', async () => {
  const { paths } = (await service.api('GET', '/openapi.json')).json;
  assert.deepEqual(paths['/v1/scrape'].post.security, [{ key: ['scrape'] }]);
  assert.deepEqual(paths['/v1/jobs/{job_id}/cancel'].post.security, [{ key: ['scrape'] }]);
  assert.deepEqual(paths['/v1/jobs'].get.security, [{ key: ['jobs:read'] }]);
});

test("Firecrawl's routes and tools for models keep to the scopes too", async () => {
  const { api, key } = await made({ scopes: ['jobs:read'] });
  const body = JSON.stringify({ url: site.url('/') });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const scraped = await fetch(`${api.origin}/v2/scrape`, { method: 'POST', headers, body });
  assert.equal(scraped.status, 403);
  assert.match(((await scraped.json()) as { error: string }).error, /scope scrape/);
  const call = { name: 'scrape', arguments: { url: site.url('/') } };
  const mcp = await fetch(`${api.origin}/mcp`, {
    method: 'POST',
    headers: { ...headers, accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }),
  });
  assert.match(await mcp.text(), /lacks the scope scrape/);
});

test('a key works until it expires', async () => {
  const { api, id } = await made({ expires_at: new Date(Date.now() + 3_600_000).toISOString() });
  assert.equal((await api('GET', '/v1/me')).status, 200);
  await sql`update api_keys set expires_at = now() where id = ${id}`.execute(service.db);
  assert.equal((await api('GET', '/v1/me')).status, 401);
  const { data } = (await service.api('GET', '/v1/keys')).json;
  assert.equal(data.find((key: { key_id: string }) => key.key_id === id).status, 'expired');
});

test('the jobs of a key use no more credits than its limit, however many are asked for at once', async () => {
  const { api, id } = await made({ credit_limit: 5 });
  const urls = Array.from({ length: 2 }, () => site.url('/'));
  const queued = await Promise.all(
    Array.from({ length: 8 }, () => api('POST', '/v1/scrape/batch/async', { urls })),
  );
  const accepted = queued.filter(({ status }) => status === 202);
  assert.equal(accepted.length, 2);
  for (const { status, json } of queued)
    if (status !== 202) assert.deepEqual([status, json.code], [402, 'out_of_credits']);
  for (const { json } of accepted) await service.api.finished(json.job_id);
  const shown = async () =>
    (await service.api('GET', '/v1/keys')).json.data.find((key: { key_id: string }) => key.key_id === id);
  assert.deepEqual([(await shown()).credits_used, (await shown()).credit_limit], [4, 5]);

  // What a job held and did not use counts no more.
  site.routes.set('/stuck', () => undefined);
  const stuck = await api.queue('/v1/scrape/async', { url: site.url('/stuck') });
  assert.equal((await shown()).credits_used, 5);
  await service.api('POST', `/v1/jobs/${stuck}/cancel`);
  assert.equal((await shown()).credits_used, 4);
  await assertBooksBalance(service.db);
});

test('a key makes no key that may do more than itself', async () => {
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const short = await made({ scopes: ['account', 'scrape'], expires_at: soon });
  const refusals = [
    [short.api, { scopes: ['webhooks'] }, 403, 'insufficient_scope'],
    [short.api, { scopes: ['scrape'] }, 422, 'validation_failed'],
    [(await made({ credit_limit: 10 })).api, {}, 403, 'forbidden'],
    [service.api, { scopes: ['all'] }, 422, 'validation_failed'],
    [service.api, { expires_at: '2020-01-01T00:00:00Z' }, 422, 'validation_failed'],
    [service.api, { credit_limit: 0 }, 422, 'validation_failed'],
  ] as const;
  for (const [api, body, status, code] of refusals) {
    const answer = await api('POST', '/v1/keys', { name: 'greedy', ...body });
    assert.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(body));
  }
  const child = await made({ scopes: ['scrape'], expires_at: soon }, short.api);
  assert.equal((await child.api('POST', '/v1/scrape', { url: site.url('/') })).status, 200);
});

test('a key is revoked over the API, and only by its own account', async () => {
  const { api, id } = await made({});
  const other = await service.createAccount();
  assert.equal((await other.api('POST', `/v1/keys/${id}/revoke`)).status, 404);
  const { status, json } = await service.api('POST', `/v1/keys/${id}/revoke`);
  assert.deepEqual([status, json.status], [200, 'revoked']);
  assert.equal((await api('GET', '/v1/me')).status, 401);
});

test('what a key did is in the audit, which the console and operators read', async () => {
  const { api, key, id } = await made({});
  const job_id = await api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(job_id);
  await api('POST', '/v1/endpoints/hooks.example.com/pause');
  await api('POST', '/v1/deliveries/recover', { since: '2020-01-01T00:00:00Z', dry_run: true });
  await api('POST', '/v1/me/webhook-secret/rotate');
  const { rows } = await sql<{ action: string; target: string | null; ip: string; actor: string }>`
    select action, target, ip, actor from admin.audit where key_id = ${id} order by created_at`.execute(
    service.db,
  );
  assert.deepEqual(
    rows.map(({ action, target }) => [action, target]),
    [
      ['job.create', job_id],
      ['secret.rotate', null],
    ],
  );
  assert.ok(rows.every(({ ip, actor }) => /127\.0\.0\.1|::1/.test(ip) && actor === 'key'));

  const console = createBrowserSession(service.api.origin);
  await console.signIn('/console', key);
  const { text } = await console.get('/console/keys');
  for (const said of ['secret.rotate', 'job.create', job_id]) assert.ok(text.includes(said), said);
});

test('the console takes keys that may do everything, and makes small ones', async () => {
  const small = await createKey(service.db, service.account.id, 'small', {
    scopes: ['scrape'],
    expires_at: null,
    credit_limit: null,
  });
  const refused = await createBrowserSession(service.api.origin).signIn('/console', small.key);
  assert.equal(refused.status, 403);

  const console = createBrowserSession(service.api.origin);
  await console.signIn('/console', service.account.key);
  const form = { name: 'reader', may_jobs_read: 'on', expires: '7', credit_limit: '20' };
  const { status, text } = await console.post('/console/keys', form);
  assert.equal(status, 201);
  const [key] = /ok_[0-9a-f]{24}_[\w-]{43}/.exec(text)!;
  const api = createApi(service.api.origin, key);
  assert.equal((await api('GET', '/v1/jobs')).status, 200);
  assert.equal((await api('GET', '/v1/me')).status, 403);
  const { data } = (await service.api('GET', '/v1/keys')).json;
  const row = data.find(({ name }: { name: string }) => name === 'reader');
  assert.deepEqual([row.scopes, row.credit_limit], [['jobs:read'], 20]);
  assert.ok(Date.parse(row.expires_at) > Date.now());
});

test('an operator revokes a key on the page of its account', async () => {
  const { api, id } = await made({});
  const operator = createBrowserSession(service.api.origin);
  await operator.signIn('/console/admin', ADMIN_TOKEN);
  const account = `/console/admin/accounts/${service.account.id}`;
  const { status } = await operator.post(`${account}/keys/${id}/revoke`, {}, { from: account });
  assert.equal(status, 303);
  assert.equal((await api('GET', '/v1/me')).status, 401);
  const { rows } = await sql`select 1 from audit_events where action = 'key.revoke' and target = ${id}
    and actor = 'operator'`.execute(service.db);
  assert.equal(rows.length, 1);
});
