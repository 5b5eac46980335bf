import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { newId } from '../../src/ids.ts';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestAccount, type TestService } from '../support/service.ts';
import type { Api } from '../support/api.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { RequestArbitraries, type ApiDocument } from './requests.ts';

/** `FUZZ_RUNS=1000 FUZZ_SEED=7` for a longer search. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 25);
const SEED = Number(process.env.FUZZ_SEED ?? 20_260);

let dns: FakeDns;
let site: Site;
let receiver: Receiver;
let service: TestService;
let stranger: TestAccount & { api: Api };
let document: ApiDocument;
/** What the service's own account owns, by path parameter. */
let owned: Record<string, string>;

before(async () => {
  // Every name is NXDOMAIN and every address is loopback or refused: nothing leaves the machine.
  dns = await startDns();
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
  service = await startTestService({
    DNS_SERVERS: dns.server,
    FREE_CREDITS: '1000000000',
    WEBHOOK_TIMEOUT_MS: '500',
  });
  stranger = await service.createAccount({ credits: 1000 });
  document = (await service.api('GET', '/openapi.json')).json;
  const body = { url: site.url('/'), webhook_url: receiver.url() };
  const job_id = await service.api.queue('/v1/scrape/async', body);
  const { delivery } = await service.api.finished(job_id);
  await receiver.received(1);
  const schedule = { name: 'own', cron: '0 0 1 1 *', job: { kind: 'scrape', url: site.url('/') } };
  const { schedule_id } = (await service.api('POST', '/v1/schedules', schedule)).json;
  const run = await service.api('POST', `/v1/schedules/${schedule_id}/run`);
  await service.api.finished(run.json.job_id);
  const { id: key_id } = await service.db
    .selectFrom('api_keys')
    .select('id')
    .where('account_id', '=', service.account.id)
    .executeTakeFirstOrThrow();
  owned = {
    job_id,
    id: delivery.id,
    endpoint: new URL(receiver.origin).host,
    schedule_id,
    name: '0-screenshot.png',
    key_id,
  };
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await dns.close();
});

function operations() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** The tables a request can write; later writes of workers and the dispatcher are left out. */
async function written(): Promise<unknown> {
  const { rows } = await sql`
    select (select count(*) from jobs) as jobs, (select count(*) from jobs where status = 'cancelled') as cancelled,
      (select count(*) from pages) as pages, (select count(*) from idempotency_keys) as idempotency_keys,
      (select count(*) from credit_entries where kind <> 'release') as credit_entries,
      (select count(*) from accounts) as accounts, (select count(*) from api_keys) as api_keys,
      (select md5(string_agg(webhook_secret || previous_secrets::text, '' order by id)) from accounts) as secrets,
      (select count(*) from (select 1 from outbox where event = 'test' union all select 1 from deliveries where event = 'test') t) as tests,
      (select count(*) from endpoints where paused_at is not null) as paused,
      (select count(*) from console_sessions) as sessions`.execute(service.db);
  return rows[0];
}

/** One of these, most of the time. */
const good = (...values: string[]) => ({ weight: 8, arbitrary: fc.constantFrom(...values) });

const ids = (prefix: 'job' | 'dlv' | 'sch', own: string) =>
  fc.oneof(
    fc.constant(own),
    fc.constantFrom(
      newId(prefix),
      `${prefix}_`,
      `${prefix}_${'0'.repeat(24)}`,
      `${prefix}_${'f'.repeat(24)}`,
    ),
  );

/** Values for fields and parameters by name, mostly valid ones. */
function fillings(): Record<string, fc.Arbitrary<string>> {
  const badUrls = fc.constantFrom(
    'http://missing.test:65536/',
    'http://0x7f.1/\0',
    'ftp://missing.test/',
    'https://user:password@missing.test/',
    `http://missing.test/${'é'.repeat(2000)}`,
    'http://missing.test/?a=\ud800',
    'http://xn--/',
    '//missing.test',
  );
  const urls = fc.oneof(
    good(site.url('/'), 'http://10.0.0.1/', 'https://[::1]/', 'http://missing.test/'),
    badUrls,
  );
  const webhooks = fc.oneof(
    good(receiver.url(), 'https://missing.test/hook'),
    fc.constantFrom('https://10.0.0.1/', 'http://a.test/'),
  );
  const cursor = fc.oneof(
    fc.constantFrom(
      ...[owned.job_id!, owned.id!, newId('job'), '-1', '9'.repeat(30), '\0', "'", '\ud800'].map((text) =>
        Buffer.from(text).toString('base64url'),
      ),
    ),
    fc.string({ maxLength: 250 }),
  );
  const selectors = fc.oneof(
    good('main', 'a > b', 'div:not(.x)'),
    fc.constantFrom('p[', ':is('.repeat(100), `${'*,'.repeat(200)}*`),
  );
  const patterns = fc.oneof(
    good('/docs/*', '*', '/a?b$'),
    fc.constantFrom('(a+)+$', '\\d', `/${'*a'.repeat(200)}`),
  );
  return {
    url: urls,
    urls,
    webhook_url: webhooks,
    job_id: ids('job', owned.job_id!),
    id: ids('dlv', owned.id!),
    schedule_id: ids('sch', owned.schedule_id!),
    endpoint: fc.constantFrom(owned.endpoint!, 'missing.test:443', '[::1]:443', 'x'.repeat(4000)),
    cursor,
    include_selectors: selectors,
    exclude_selectors: selectors,
    include_paths: patterns,
    exclude_paths: patterns,
    user_agent: fc.oneof(good('Own/1.0'), fc.constant('a\nb')),
    'header value': fc.oneof(good('one', 'café'), fc.constantFrom('a\r\nb: c', 'a\0')),
  };
}

test(
  'a request that is refused is no failure of ours, and writes nothing: every operation, by its own schema',
  { timeout: 60_000 + 4000 * RUNS },
  async (t) => {
    const requests = new RequestArbitraries(document, fillings());
    const statuses: Record<number, number> = {};
    for (const { method, path, operation } of operations()) {
      await fc.assert(
        fc.asyncProperty(requests.requestFor(path, operation), async (request) => {
          const earlier = await written();
          const { status, text } = await service.api(method, request.path, request.body, request.headers);
          assert.ok(status < 500, `${status} ${text}`);
          assert.ok(!text.includes('polluted'));
          if (status >= 400)
            assert.deepEqual(await written(), earlier, `${status} and yet something was written`);
          statuses[status] = (statuses[status] ?? 0) + 1;
        }),
        {
          numRuns: operation.requestBody ? 2 * RUNS : operation.parameters.length > 0 ? RUNS : 5,
          seed: SEED,
          endOnFailure: true,
        },
      );
    }
    t.diagnostic(`answers by status: ${JSON.stringify(statuses)}`);
    assert.ok((statuses[200] ?? 0) > 0 && (statuses[202] ?? 0) > 0 && (statuses[422] ?? 0) > 0);
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
  },
);

test("every route with another account's id gives the 404 of an id that does not exist", async () => {
  let routes = 0;
  for (const { method, path, operation } of operations()) {
    const names = operation.parameters.filter((p) => p.in === 'path').map((p) => p.name);
    if (names.length === 0) continue;
    routes++;
    const answers = [];
    for (const id of [null, 'nobodys', '%00', 'a%00', "';--", '..%2f..', '__proto__']) {
      let real = path;
      for (const name of names) {
        const theirs = name === 'run' ? '1' : owned[name];
        assert.ok(theirs, `a new route, ${path}: tell this test of a ${name} that the account owns`);
        const missing =
          name === 'endpoint' ? 'missing.test:443' : newId(theirs.startsWith('job_') ? 'job' : 'dlv');
        real = real.replace(`{${name}}`, id === null ? theirs : id === 'nobodys' ? missing : id);
      }
      const body = operation.requestBody ? {} : undefined;
      const earlier = await written();
      const { status, json, headers } = await stranger.api(method, real, body);
      assert.deepEqual(await written(), earlier);
      const { 'x-request-id': _id, date: _date, etag: _etag, ...fields } = Object.fromEntries(headers);
      answers.push({ status, body: { ...json, request_id: '' }, fields });
    }
    assert.equal(answers[0]!.status, 404, `${method} ${path}`);
    for (const answer of answers) assert.deepEqual(answer, answers[0], `${method} ${path}`);
  }
  assert.ok(routes >= 8);
});

test("every list is the account's own, whatever cursor and filter it is given", async () => {
  const filters = [`job_id=${owned.job_id}`, `webhook_url=${encodeURIComponent(receiver.url())}`];
  const cursors = ['job_ffffffffffffffffffffffff', 'dlv_ffffffffffffffffffffffff'].map(
    (id) => `cursor=${Buffer.from(id).toString('base64url')}`,
  );
  for (const { method, path, operation } of operations()) {
    if (method !== 'GET' || path.includes('{') || !path.startsWith('/v1/')) continue;
    for (const search of ['', ...filters, ...cursors]) {
      const { status, text } = await stranger.api('GET', `${path}?${search}`);
      assert.ok(status === 200 || status === 422, `${path}?${search}: ${status}`);
      for (const id of Object.values(owned))
        assert.ok(!text.includes(id) || status === 422, `${path}?${search} tells of ${id}`);
    }
    assert.ok(
      operation.security.some((scheme) => 'key' in scheme),
      path,
    );
  }
});

/**
 * Sends bytes on a raw socket. Returns the first answer's status, or null for a close without one.
 */
async function rawStatus(request: string | Buffer): Promise<number | null> {
  const socket = connect(Number(new URL(service.api.origin).port), '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString('latin1'))).on('error', () => {});
  socket.end(request);
  await new Promise((closed) => socket.once('close', closed));
  const status = /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1];
  return status === undefined ? null : Number(status);
}

test('requests that are not HTTP, or want to be two, are refused', async () => {
  const head = `POST /v1/scrape HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${service.account.key}\r\n`;
  const earlier = await written();
  for (const request of [
    'GARBAGE\r\n\r\n',
    '\0\x01\x02\x03\r\n\r\n',
    'GET /v1/me HTTP/9.9\r\nHost: a\r\n\r\n',
    'GET /v1/me HTTP/1.1\r\n\r\n',
    `GET /v1/me HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
    `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    'GET /v1/%zz HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET //v1/me HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET http://127.0.0.1:1/v1/me HTTP/1.1\r\nHost: a\r\n\r\n',
    'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
    `${head}Content-Length: -1\r\n\r\n{}`,
    `${head}Content-Length : 2\r\n\r\n{}`,
    `${head}X: a\0b\r\nContent-Length: 2\r\n\r\n{}`,
    Buffer.concat([
      Buffer.from(`${head}Idempotency-Key: `),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\r\nContent-Length: 27\r\n\r\n{"url":"https://10.0.0.1/"}'),
    ]),
  ]) {
    const status = await rawStatus(request);
    assert.ok(
      status === null || (status >= 400 && status < 500),
      `${status}: ${request.toString('latin1').slice(0, 80)}`,
    );
  }
  assert.deepEqual(await written(), earlier);
  assert.equal((await service.api('GET', '/v1/me')).status, 200);
});
