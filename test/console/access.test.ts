import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { createBrowserSession, type BrowserSession } from '../support/browser/session.ts';

const ADMIN_TOKEN = 'a token for the operators of tests';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ ADMIN_TOKEN });
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const session = (): BrowserSession => createBrowserSession(service.api.origin);

async function signedIn(key = service.account.key): Promise<BrowserSession> {
  const someone = session();
  const answer = await someone.signIn('/console', key);
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get('location'), '/console');
  return someone;
}

test('without a session every page leads to the sign-in', async () => {
  const stranger = session();
  for (const path of [
    '',
    '/jobs',
    '/jobs/new',
    '/schedules',
    '/deliveries',
    '/endpoints',
    '/secret',
    '/keys',
    '/playground',
    '/nothing',
  ]) {
    const { status, headers, text } = await stranger.get(`/console${path}`);
    assert.equal(status, 303);
    assert.equal(headers.get('location'), '/console/sign-in');
    assert.ok(!text.includes(service.account.id));
  }
  for (const path of ['/admin', '/admin/accounts', '/admin/database']) {
    assert.equal((await stranger.get(`/console${path}`)).headers.get('location'), '/console/admin/sign-in');
  }
});

test("the session's cookie is hidden from scripts and other sites", async () => {
  const someone = session();
  const { headers } = await someone.signIn('/console', service.account.key);
  const cookie = headers.getSetCookie().find((c) => c.startsWith('ollagraph_session='))!;
  for (const attribute of ['Path=/console', 'HttpOnly', 'SameSite=Strict'])
    assert.ok(cookie.split('; ').includes(attribute), cookie);
  assert.doesNotMatch(cookie, /Secure/);
  const secure = session();
  const behindProxy = await secure.signIn('/console', service.account.key, { 'x-forwarded-proto': 'https' });
  assert.match(behindProxy.headers.getSetCookie().at(-1)!, /; Secure(;|$)/);

  const token = /=([^;]+)/.exec(cookie)![1]!;
  const { rows } = await sql<{ row: string }>`select s::text as row from console_sessions s`.execute(
    service.db,
  );
  assert.ok(rows.length > 0);
  assert.ok(
    rows.every(({ row }) => !row.includes(token) && !row.includes(Buffer.from(token).toString('hex'))),
  );
  assert.ok(!JSON.stringify(service.logs).includes(token));
});

test('pages allow nothing from elsewhere, nothing inline, and no cache', async () => {
  const someone = await signedIn();
  for (const path of ['/console', '/console/keys', '/console/nothing', '/console/jobs/job_1']) {
    const { headers, text } = await someone.get(path);
    const policy = headers.get('content-security-policy')!;
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.doesNotMatch(text, /<style|\sstyle=|\son\w+="/);
    assert.doesNotMatch(text, /(?:src|href)="(?:https?:)?\/\//);
    assert.match(text, /<html lang="en">/);
  }
});

test('a form without the token of its session is refused, and so is one from another site', async () => {
  const someone = await signedIn();
  const keys = await service.db.selectFrom('api_keys').selectAll().execute();
  assert.equal((await someone.post('/console/keys', { name: 'x' }, { csrf: null })).status, 400);
  assert.equal((await someone.post('/console/keys', { name: 'x' }, { csrf: 'x'.repeat(43) })).status, 400);
  const other = await signedIn();
  assert.equal(
    (await someone.post('/console/keys', { name: 'x' }, { csrf: await other.csrf('/console/keys') })).status,
    400,
  );
  const headers = { 'sec-fetch-site': 'cross-site' };
  assert.equal((await someone.post('/console/keys', { name: 'x' }, { headers })).status, 400);
  assert.equal((await service.db.selectFrom('api_keys').selectAll().execute()).length, keys.length);
  assert.equal((await someone.post('/console/keys', { name: 'x', may_scrape: 'on' })).status, 201);
  // A foreign page cannot sign somebody in either.
  const stranger = session();
  assert.equal(
    (await stranger.post('/console/sign-in', { secret: service.account.key }, { csrf: null })).status,
    400,
  );
});

test('signing out and revoking the key end the session', async () => {
  const someone = await signedIn();
  const cookies = new Map(someone.cookies);
  assert.equal((await someone.post('/console/sign-out', {}, { from: '/console' })).status, 303);
  assert.equal((await someone.get('/console')).status, 303);
  // Also for whoever kept the cookie.
  for (const [name, value] of cookies) someone.cookies.set(name, value);
  assert.equal((await someone.get('/console')).status, 303);

  const another = await service.createAccount();
  const owner = await signedIn(another.key);
  assert.equal((await owner.get('/console')).status, 200);
  const key = await service.db
    .selectFrom('api_keys')
    .select('id')
    .where('account_id', '=', another.id)
    .executeTakeFirstOrThrow();
  await owner.post(`/console/keys/${key.id}/revoke`, {}, { from: '/console/keys' });
  assert.equal((await owner.get('/console')).status, 303);
  assert.equal((await another.api('GET', '/v1/me')).status, 401);
});

test("another account's jobs, pages, deliveries and endpoints are not there", async () => {
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const { delivery } = await service.api.finished(job_id);
  const host = new URL(receiver.origin).host;
  const another = await service.createAccount();
  const someone = await signedIn(another.key);
  for (const path of [
    `jobs/${job_id}`,
    `jobs/${job_id}/events`,
    `jobs/${job_id}/pages/0`,
    `deliveries/${delivery.id}`,
    `deliveries/${delivery.id}/body`,
  ]) {
    assert.equal((await someone.get(`/console/${path}`)).status, 404, path);
  }
  for (const path of [
    `jobs/${job_id}/cancel`,
    `deliveries/${delivery.id}/redeliver`,
    `endpoints/${host}/pause`,
  ]) {
    assert.equal((await someone.post(`/console/${path}`, {}, { from: '/console/keys' })).status, 404, path);
  }
  assert.equal((await someone.get(`/console/playground?job=${job_id}`)).text.includes('Hello.'), false);
  for (const path of ['jobs', 'deliveries', 'endpoints', '']) {
    const { text } = await someone.get(`/console/${path}`);
    assert.ok(!text.includes(job_id) && !text.includes(delivery.id) && !text.includes(host), path);
  }
});

test('the result of a job is downloaded from its page in three forms', async () => {
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls: [site.url('/')] });
  await service.api.finished(job_id);
  const someone = await signedIn();
  const { text } = await someone.get(`/console/jobs/${job_id}`);
  for (const format of ['json', 'jsonl', 'csv']) {
    const path = `/console/jobs/${job_id}/result?format=${format}`;
    assert.ok(text.includes(`href="${path}"`));
    const answer = await someone.get(path);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, (await service.api('GET', `/v1/jobs/${job_id}/result?format=${format}`)).text);
    assert.match(
      answer.headers.get('content-disposition')!,
      new RegExp(`attachment; filename="${job_id}.${format}"`),
    );
  }
});

test('the body that is downloaded is what is signed', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const { delivery, result } = await service.api.finished(job_id);
  const someone = await signedIn();
  const { text, headers } = await someone.get(`/console/deliveries/${delivery.id}/body`);
  assert.equal(text, JSON.stringify({ job_id, status: 'completed', result, cut_short: false }));
  assert.match(headers.get('content-disposition')!, /attachment; filename="?dlv_/);
});

test('the filters of lists are checked', async () => {
  const someone = await signedIn();
  for (const path of [
    'jobs?status=x',
    'jobs?cursor=x',
    'deliveries?status=x',
    'deliveries?cursor=%00',
    'deliveries/recover?since=x',
    'deliveries?webhook_url=%00',
  ]) {
    assert.equal((await someone.get(`/console/${path}`)).status, 422, path);
  }
  const longest = encodeURIComponent(`https://example.com/${'a'.repeat(8172)}`);
  for (const path of ['deliveries', 'deliveries/recover'])
    assert.equal((await someone.get(`/console/${path}?webhook_url=${longest}`)).status, 200, path);
  const { text } = await someone.get(`/console/jobs?id=${encodeURIComponent('"><script>alert(1)</script>')}`);
  assert.ok(text.includes('&lt;script&gt;') && !text.includes('<script>alert'));
});

test('operators get in with ADMIN_TOKEN alone, accounts never', async () => {
  const someone = await signedIn();
  assert.equal((await someone.get('/console/admin')).headers.get('location'), '/console/admin/sign-in');
  assert.equal((await someone.signIn('/console/admin', service.account.key)).status, 401);
  const operator = session();
  assert.equal((await operator.signIn('/console/admin', ADMIN_TOKEN)).status, 303);
  assert.equal((await operator.get('/console')).status, 303, 'an operator has no account');

  const another = await service.createAccount({ credits: 5 });
  const from = '/console/admin/accounts';
  const grant = `${from}/${another.id}/grant`;
  assert.equal((await operator.post(grant, { amount: '37', note: 'a gift' }, { from })).status, 303);
  assert.equal((await another.api('GET', '/v1/me')).json.credits, 42);
  assert.equal((await operator.post(grant, { amount: '-43' }, { from })).status, 422);
  assert.equal((await another.api('GET', '/v1/me')).json.credits, 42);
});

test('a filter that a page does not have, or that names nothing, is refused rather than ignored', async () => {
  const someone = await signedIn();
  for (const path of [
    'jobs?state=failed',
    'jobs?status=done',
    'jobs?kind=nope',
    'jobs?cursor=nope',
    'deliveries?job_id=job_nope',
    'deliveries?status=pending',
    'deliveries?cursor=nope',
    'deliveries/recover?since=yesterday',
    'deliveries/recover?from=2026-01-01T00:00',
    'keys?before=nope',
    'jobs/new?kind=map',
  ])
    assert.equal((await someone.get(`/console/${path}`)).status, 422, path);
  for (const path of [
    'jobs/job_nope',
    'deliveries/dlv_nope',
    'schedules/sch_nope',
    'playground?job=job_nope',
  ])
    assert.equal((await someone.get(`/console/${path}`)).status, 404, path);
  const operator = session();
  await operator.signIn('/console/admin', ADMIN_TOKEN);
  for (const query of ['find=a&find=b', 'name=a'])
    assert.equal((await operator.get(`/console/admin/accounts?${query}`)).status, 422, query);
});

test('a key that cannot be made is refused in its form, which keeps what was written', async () => {
  const someone = await signedIn();
  const { status, text } = await someone.post('/console/keys', { name: 'a <reader>', credit_limit: 'some' });
  assert.equal(status, 422);
  assert.ok(text.includes('Must be a whole number.') && text.includes('value="a &lt;reader&gt;"'));
  const bare = await someone.post('/console/keys', { name: 'reader' });
  assert.ok(bare.text.includes('Choose at least one.'));
});

test('operators find, rename, suspend, resume and delete an account', async () => {
  const operator = session();
  await operator.signIn('/console/admin', ADMIN_TOKEN);
  const another = await service.createAccount();
  const owner = await signedIn(another.key);
  const list = '/console/admin/accounts';
  const own = `${list}/${another.id}`;
  const post = async (verb: string, form = {}, path = own) => {
    const { status, headers } = await operator.post(`${path}/${verb}`, form, { from: list });
    return [status, headers.get('location')];
  };
  const me = async () => (await another.api('GET', '/v1/me')).status;

  assert.deepEqual(await post('rename', { name: 'The <b>Harbour</b>' }), [303, `${own}?notice=renamed`]);
  assert.deepEqual((await post('rename', { name: ' ' }))[0], 422);
  const found = (await operator.get(`${list}?find=HARBOUR`)).text;
  assert.ok(found.includes(`href="${own}"`) && found.includes('&lt;b&gt;Harbour'));
  assert.ok(!found.includes(service.account.id));

  assert.deepEqual(await post('delete'), [409, null]);
  assert.deepEqual(await post('suspend'), [303, `${own}?notice=suspended`]);
  assert.equal(await me(), 401);
  assert.equal((await owner.get('/console')).status, 303, 'its sessions end');
  assert.deepEqual(await post('resume'), [303, `${own}?notice=account-resumed`]);
  assert.equal(await me(), 200);

  await post('suspend');
  assert.deepEqual(await post('delete'), [303, `${list}?notice=deleted`]);
  assert.equal((await operator.get(own)).status, 404);
  for (const verb of ['suspend', 'resume', 'delete', 'rename', 'grant'])
    assert.deepEqual((await post(verb, { name: 'x', amount: '1' }))[0], 404, verb);
});

test('guessing keys is slowed down; without ADMIN_TOKEN operators cannot sign in', async () => {
  await using guarded = await startTestService();
  assert.equal(
    (await createBrowserSession(guarded.api.origin).get('/console/admin/sign-in')).headers.get('location'),
    '/console/sign-in',
  );
  const guesser = createBrowserSession(guarded.api.origin);
  for (let n = 0; n < 10; n++) assert.equal((await guesser.signIn('/console', `ok_wrong_${n}`)).status, 401);
  const refused = await guesser.signIn('/console', guarded.account.key);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
});

test('pages of the console count against the requests of their account', async () => {
  await using limited = await startTestService({ RATE_LIMIT_PER_MINUTE: '2' });
  const someone = createBrowserSession(limited.api.origin);
  await someone.signIn('/console', limited.account.key);
  const open = async () => (await someone.get('/console/playground')).status;
  assert.deepEqual([await open(), await open(), await open()], [200, 200, 429]);
});
