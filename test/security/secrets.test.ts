import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createApi, type Api } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { startHttpProxy, type TestProxy } from '../support/net/proxy.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { createBrowserSession } from '../support/browser/session.ts';

const root = join(import.meta.dirname, '../..');
const secret = (name: string) => `canary${name}${Math.random().toString(36).slice(2).padEnd(12, '0')}`;

/** The operator's secrets: they appear nowhere. */
const OPERATORS = {
  apiKey: `ok_${secret('apikey')}`,
  secretKey: secret('secretkey'),
  adminToken: secret('admintoken'),
  databasePassword: secret('password'),
  proxyUser: secret('proxyuser'),
  proxyPassword: secret('proxypassword'),
};
/** Secrets that callers send along: stored to do the work, and never shown or logged. */
const CALLERS = {
  siteQuery: secret('sitequery'),
  webhookQuery: secret('webhookquery'),
  metadata: secret('metadata'),
};
/** Secrets that callers send along and that are sealed: they appear nowhere. */
const SEALED = {
  siteHeader: secret('siteheader'),
  siteCookie: secret('sitecookie'),
  callersProxy: secret('callersproxy'),
  webhookHeader: secret('webhookheader'),
};
/** Secrets that are sent in vain or in the wrong place. */
const STRANGERS = {
  wrongKey: `ok_${secret('wrongkey')}`,
  userinfo: secret('userinfo'),
  queryKey: secret('querykey'),
  brokenBody: secret('brokenbody'),
  receiverAnswer: secret('receiveranswer'),
  siteBody: secret('sitebody'),
  cookie: secret('cookie'),
};

let database: TestDatabase;
let dns: FakeDns;
let site: Site;
let receiver: Receiver;
let proxy: TestProxy;
let service: ServiceProcess;
let api: Api;
let webhookSecrets: string[];
/** Everything the API answered to refused requests. */
let refusals = '';
/** What callers, operators and receivers were shown of jobs that go through proxies. */
let shownOfProxies = '';

before(async () => {
  database = await createTestDatabase();
  dns = await startDns({ 'inside.test': { a: ['10.20.30.40'] } });
  site = await startSite({
    '/broken': { headers: { 'content-encoding': 'gzip' }, body: STRANGERS.siteBody },
  });
  site.routes.set(`/?token=${CALLERS.siteQuery}`, page('Home', STRANGERS.siteBody));
  receiver = await startReceiver();
  receiver.answer = { status: 500, body: STRANGERS.receiverAnswer };
  proxy = await startHttpProxy({ credentials: { username: 'another', password: 'user' } });
  service = startProcess({
    DATABASE_URL: await urlOfRole(database.url),
    OLLAGRAPH_API_KEY: OPERATORS.apiKey,
    SECRET_KEY: OPERATORS.secretKey,
    ADMIN_TOKEN: OPERATORS.adminToken,
    PROXIES: `http://${OPERATORS.proxyUser}:${OPERATORS.proxyPassword}@127.0.0.1:${proxy.port}`,
    PROXY_MODE: 'off',
    ALLOW_CALLER_PROXIES: 'true',
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_RETRY_SCHEDULE: '0',
    DNS_SERVERS: dns.server,
    LOG_LEVEL: 'trace',
  });
  const origin = `http://127.0.0.1:${await service.ready()}`;
  api = createApi(origin, OPERATORS.apiKey);
  await useEverything(origin);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await dns.close();
  await database[Symbol.asyncDispose]();
});

/** A URL of the database with a role whose password is a canary. */
async function urlOfRole(url: string): Promise<string> {
  const role = `canary_${Date.now().toString(36)}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`create role ${role} superuser login password '${OPERATORS.databasePassword}'`);
  await client.end();
  const address = new URL(url);
  address.username = role;
  address.password = OPERATORS.databasePassword;
  return address.href;
}

/** Sends requests that are refused and keeps the answers. */
async function refused(
  call: Api,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  const { status, text, headers: answered } = await call(method, path, body, headers);
  assert.ok(status >= 400, `${method} ${path}: ${status}`);
  refusals += text + JSON.stringify(Object.fromEntries(answered));
}

async function useEverything(origin: string): Promise<void> {
  webhookSecrets = [(await api('GET', '/v1/me')).json.webhook_secret];
  const rotated = await api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 3600 });
  webhookSecrets.push(rotated.json.webhook_secret);
  const job_id = await api.queue('/v1/scrape/batch/async', {
    urls: [
      site.url(`/?token=${CALLERS.siteQuery}`),
      site.url(`/broken?token=${CALLERS.siteQuery}`),
      `http://inside.test/?token=${CALLERS.siteQuery}`,
      `http://missing.test/?token=${CALLERS.siteQuery}`,
    ],
    cookies: [{ name: 'login', value: SEALED.siteCookie }],
    session: 'job',
    headers: { Authorization: `Bearer ${SEALED.siteHeader}`, Cookie: SEALED.siteHeader },
    webhook_url: receiver.url(`/hook?token=${CALLERS.webhookQuery}`),
    webhook_headers: { 'X-Token': SEALED.webhookHeader },
    metadata: { token: CALLERS.metadata },
  });
  const { delivery } = await api.finished(job_id);
  await eventually(
    async () => (await api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'exhausted',
  );
  await api('POST', '/v1/me/webhooks/test', {
    webhook_url: `https://missing.test/?token=${CALLERS.webhookQuery}`,
  });

  const proxies = ['pool', { url: `socks5://caller:${SEALED.callersProxy}@127.0.0.1:${proxy.port}` }];
  for (const way of proxies) {
    const { json, text } = await api('POST', '/v1/scrape', { url: site.url('/'), proxy: way });
    assert.equal(json.error?.code, 'proxy_failed');
    shownOfProxies += text;
  }
  const queued = { url: site.url('/'), proxy: proxies[1], webhook_url: receiver.url('/proxied') };
  shownOfProxies += JSON.stringify(await api.finished(await api.queue('/v1/scrape/async', queued)));
  const callbacks = await receiver.received(1, '/proxied');
  shownOfProxies += callbacks.map(({ body }) => body.toString()).join('\n');
  await refused(api, 'POST', '/v1/scrape', {
    url: site.url('/'),
    proxy: { url: `socks5://caller:${SEALED.callersProxy}@127.0.0.1:22` },
  });

  const stranger = createApi(origin, STRANGERS.wrongKey);
  await refused(stranger, 'GET', '/v1/me');
  await refused(stranger, 'GET', `/metrics?token=${STRANGERS.queryKey}`);
  await refused(api, 'GET', `/v1/jobs?api_key=${STRANGERS.queryKey}`);
  await refused(api, 'POST', '/v1/scrape', `{"url": "${STRANGERS.brokenBody}`);
  await refused(api, 'POST', '/v1/scrape', { url: `https://user:${STRANGERS.userinfo}@missing.test/` });
  await refused(api, 'POST', '/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: `https://user:${STRANGERS.userinfo}@missing.test/`,
  });
  await refused(api, 'GET', '/v1/no-such-thing', undefined, { cookie: STRANGERS.cookie });
  const session = createBrowserSession(origin);
  assert.equal((await session.signIn('/console', STRANGERS.wrongKey)).status, 401);
  await session.signIn('/console', OPERATORS.apiKey);
  shownOfProxies += (await session.get('/console')).text;
  const operator = createBrowserSession(origin);
  await operator.signIn('/console/admin', OPERATORS.adminToken);
  for (const path of ['/console/admin', '/console/admin/scraping'])
    shownOfProxies += (await operator.get(path)).text;
  const metrics = await createApi(origin, OPERATORS.adminToken)('GET', '/metrics');
  assert.equal(metrics.status, 200);
  shownOfProxies += metrics.text;
  await breakTheDatabase();
}

/** The driver's message about a failed statement is logged as well. */
async function breakTheDatabase(): Promise<void> {
  await database.db.schema.alterTable('accounts').renameTo('accounts_gone').execute();
  const { status, text } = await api('GET', '/v1/me');
  assert.equal(status, 500);
  refusals += text;
  await database.db.schema.alterTable('accounts_gone').renameTo('accounts').execute();
}

/** Every row of every table as text, by `schema.table`. */
async function dump(): Promise<Map<string, string>> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`);
  const tables = new Map<string, string>();
  for (const { name } of rows) {
    const result = await client.query<{ text: string }>(`select t::text as text from ${name} t`);
    tables.set(name, result.rows.map((row) => row.text).join('\n'));
  }
  await client.end();
  return tables;
}

/** The secret as it is, and in codings that keep it readable. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [text, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, ''), encodeURIComponent(text)];
}

/** The table of a partition. */
const tableOf = (name: string) => name.replace(/^public\.|_p?\d[\d_]*$/g, '');
const bare = (webhookSecret: string) => webhookSecret.slice('whsec_'.length);

test('canary secrets are in no line of the log', async () => {
  service.kill('SIGTERM');
  assert.equal(await service.exited, 0);
  const log = service.output();
  assert.ok(log.split('\n').length > 30, log);
  assert.match(log, /"msg":"page failed"/);
  assert.match(log, /"msg":"delivery attempt failed"/);
  const all = {
    ...OPERATORS,
    ...CALLERS,
    ...SEALED,
    ...STRANGERS,
    ...Object.fromEntries(webhookSecrets.map((s) => [s, bare(s)])),
  };
  for (const [name, value] of Object.entries(all)) {
    for (const form of formsOf(value)) {
      const line = log.split('\n').find((text) => text.includes(form));
      assert.equal(line, undefined, `${name} is in the log`);
    }
  }
});

test('canary secrets are in no answer to a request that was refused', () => {
  for (const [name, value] of Object.entries({ ...OPERATORS, ...CALLERS, ...SEALED, ...STRANGERS }))
    for (const form of formsOf(value)) assert.ok(!refusals.includes(form), name);
});

test('credentials of proxies are in no answer, page, metric or callback', () => {
  assert.match(shownOfProxies, /ollagraph_proxy_requests_total/);
  assert.match(shownOfProxies, new RegExp(`socks5://127\\.0\\.0\\.1:${proxy.port}`));
  const { proxyUser, proxyPassword } = OPERATORS;
  for (const [name, value] of Object.entries({ proxyUser, proxyPassword, ...SEALED }))
    for (const form of formsOf(value)) assert.ok(!shownOfProxies.includes(form), name);
});

test('canary secrets are in the database only where the work needs them', async () => {
  const tables = await dump();
  const holding = (value: string) =>
    [...tables]
      .filter(([, text]) => formsOf(value).some((form) => text.includes(form)))
      .map(([name]) => name);
  const found = (value: string) => [...new Set(holding(value).map(tableOf))].toSorted();
  assert.ok(tables.size > 15, [...tables.keys()].join(' '));
  for (const [name, value] of Object.entries({ ...OPERATORS, ...SEALED }))
    assert.deepEqual(found(value), [], name);
  for (const webhookSecret of webhookSecrets)
    assert.deepEqual(found(bare(webhookSecret)), [], 'a webhook secret');
  const { receiverAnswer, siteBody, ...strangers } = STRANGERS;
  for (const [name, value] of Object.entries(strangers)) assert.deepEqual(found(value), [], name);
  assert.deepEqual(found(receiverAnswer), ['attempts']);
  assert.deepEqual(found(siteBody), ['pages']);
  const ofDelivery = new Set(['deliveries', 'jobs', 'outbox']);
  for (const value of [CALLERS.webhookQuery, CALLERS.metadata])
    assert.ok(
      found(value).length > 0 && found(value).every((table) => ofDelivery.has(table)),
      found(value).join(' '),
    );
  assert.deepEqual(found(CALLERS.siteQuery), ['pages']);
});

test('webhook secrets are encrypted at rest where SECRET_KEY is set', async () => {
  const { webhook_secret, previous_secrets } = await database.db
    .selectFrom('accounts')
    .select(['webhook_secret', 'previous_secrets'])
    .executeTakeFirstOrThrow();
  assert.equal(previous_secrets.length, 1);
  for (const sealed of [webhook_secret, ...previous_secrets]) assert.match(sealed, /^aes:[\w-]{90,}$/);
});

test('a job that has ended keeps no credential', async () => {
  const jobs = await database.db.selectFrom('jobs').select(['secrets', 'finished_at']).execute();
  assert.ok(jobs.length > 0);
  for (const { secrets, finished_at } of jobs) assert.ok(finished_at !== null && secrets === null);
});

test('API keys are kept as the SHA-256 of a random secret', async () => {
  const { secret_sha256 } = await database.db
    .selectFrom('api_keys')
    .select('secret_sha256')
    .executeTakeFirstOrThrow();
  assert.equal(secret_sha256.length, 32);
});

/** Where a secret is compared with what was sent: the file, and the name of the secret. */
const COMPARISONS = [
  ['src/accounts/keys/keys.ts', 'secret_sha256'],
  ['src/http/access/auth.ts', 'expected'],
  ['src/accounts/result-links.ts', 'expected'],
  ['src/console/session/sign-in.ts', 'adminToken'],
  ['src/console/session/forgery.ts', 'expected'],
] as const;

test('keys and tokens are compared in constant time', async () => {
  for (const [file, name] of COMPARISONS) {
    const source = await readFile(join(root, file), 'utf8');
    assert.match(source, new RegExp(`timingSafeEqual\\([^;]*\\b${name}\\b`), file);
    const plain = `[!=]==?\\s*${name}\\b(?!\\.length)|\\b${name}\\s*[!=]==?\\s*(?!undefined|null)`;
    assert.doesNotMatch(source, new RegExp(plain), file);
  }
});

/**
 * Digests of requests, pages and sent bodies are no secrets, nor is our robots' name. A client may
 * look at its own secret.
 */
const KNOWN_TO_BOTH = [
  'src/callbacks/request.ts',
  'src/cli/client/listen/diagnose.ts',
  'src/console/pages/deliveries/request.ts',
  'src/jobs/idempotency.ts',
  'src/scrape/metadata/robots.ts',
  'src/webhooks/send/post.ts',
  'src/workers/reading/child/read-page.ts',
];

test('nothing that sounds like a secret is compared in any other way', async () => {
  const SECRET = String.raw`\w*(?:secret|password|token|hmac|signature|digest|sha256)\w*`;
  const compared = new RegExp(
    String.raw`\b${SECRET}\s*[!=]==?\s*(?!undefined|null|'|\d)\w|\w\s*[!=]==?\s*(?:\w+\.)*${SECRET}\b(?!\.length)|${SECRET}\.equals\(`,
    'i',
  );
  const found: string[] = [];
  for await (const file of glob('src/**/*.{ts,js}', { cwd: root }))
    if (compared.test(await readFile(join(root, file), 'utf8'))) found.push(file);
  assert.deepEqual(found.toSorted(), KNOWN_TO_BOTH);
});
