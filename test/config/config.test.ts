import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, DEFAULT_RETRY_SCHEDULE, readClientConfig, readConfig } from '../../src/config/index.ts';

test('the defaults are those of the contract', () => {
  const config = readConfig({});
  assert.equal(config.port, 3000);
  assert.equal(config.databaseUrl, undefined);
  assert.equal(config.dataDir, '.data');
  assert.deepEqual(config.roles, ['web', 'worker', 'dispatcher']);
  assert.deepEqual(config.allowPrivateTargets, []);
  assert.deepEqual(config.allowPrivateWebhooks, []);
  assert.equal(config.freeCredits, 1000);
  assert.equal(config.rateLimitPerMinute, 600);
  assert.equal(config.hostConcurrency, 8);
  assert.deepEqual(config.webhookRetrySchedule, DEFAULT_RETRY_SCHEDULE);
  assert.equal(config.webhookTimeoutMs, 15_000);
});

test("an empty variable counts as unset, and other programs' variables are ignored", () => {
  assert.deepEqual(readConfig({ PORT: '', DATABASE_URL: '', ROLES: '', TERM: 'xterm' }), readConfig({}));
});

test('values are read', () => {
  const config = readConfig({
    ROLES: ' worker , dispatcher ',
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8, ::1/128',
    WEBHOOK_RETRY_SCHEDULE: '1, 2,3',
    DATABASE_URL: 'postgresql://localhost/x',
  });
  assert.deepEqual(config.roles, ['worker', 'dispatcher']);
  assert.deepEqual(config.allowPrivateTargets, ['127.0.0.0/8', '::1/128']);
  assert.deepEqual(config.webhookRetrySchedule, [1, 2, 3]);
});

test('where a browser elsewhere reaches this process', () => {
  const url = 'ws://browser:9222';
  const read = (env: Record<string, string>) => readConfig({ BROWSER_URL: url, ...env }).browser;
  assert.deepEqual(read({}), { url, proxyHost: null, proxyPorts: [0, 0] });
  const host = { BROWSER_PROXY_HOST: 'scraper.internal' };
  assert.deepEqual(read({ ...host, BROWSER_PROXY_PORTS: '3128' }), {
    url,
    proxyHost: 'scraper.internal',
    proxyPorts: [3128, 3128],
  });
  assert.deepEqual(read({ ...host, BROWSER_PROXY_PORTS: '3128-3143' }), {
    url,
    proxyHost: 'scraper.internal',
    proxyPorts: [3128, 3143],
  });
});

for (const [name, value] of [
  ['PORT', '65536'],
  ['PORT', '80a'],
  ['PORT', '-1'],
  ['DATABASE_URL', 'mysql://localhost/x'],
  ['ROLES', 'web,cook'],
  ['ROLES', ','],
  ['OLLAGRAPH_API_KEY', 'short'],
  ['OLLAGRAPH_API_KEY', 'with a blank in the middle'],
  ['ALLOW_PRIVATE_TARGETS', '10.0.0.0'],
  ['ALLOW_PRIVATE_TARGETS', '10.0.0.0/33'],
  ['ALLOW_PRIVATE_WEBHOOKS', 'localhost'],
  ['FREE_CREDITS', '1e3'],
  ['HOST_CONCURRENCY', '0'],
  ['WEBHOOK_RETRY_SCHEDULE', '5,soon'],
  ['WEBHOOK_TIMEOUT_MS', '50'],
  ['WORKER_THREADS', '0'],
  ['LOG_LEVEL', 'loud'],
  ['BROWSER_PROXY_HOST', 'http://scraper'],
  ['BROWSER_PROXY_HOST', 'scraper'], // without BROWSER_URL
  ['BROWSER_PROXY_PORTS', '80'],
  ['BROWSER_PROXY_PORTS', '4000-3000'],
] as const) {
  test(`${name}=${value} is refused in one line that names it`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(error.message.startsWith(`${name}: `));
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  });
}

test('DYNO without DATABASE_URL is refused; with it, it is fine', () => {
  assert.throws(() => readConfig({ DYNO: 'web.1' }), /^ConfigError: DATABASE_URL: .*heroku-postgresql/);
  assert.equal(
    readConfig({ DYNO: 'web.1', DATABASE_URL: 'postgres://u@localhost/x' }).databaseUrl,
    'postgres://u@localhost/x',
  );
});

test("a caller's options override the environment; the default service is on this machine", () => {
  const env = {
    OLLAGRAPH_URL: 'https://scrape.example.com/base/',
    OLLAGRAPH_API_KEY: 'ok_of_the_environment',
    ROLES: 'cook',
  };
  const { url, apiKey, webhookSecret } = readClientConfig({}, env);
  assert.deepEqual(
    [url, apiKey, webhookSecret],
    ['https://scrape.example.com/base', 'ok_of_the_environment', undefined],
  );
  const given = readClientConfig({ url: 'http://10.0.0.1:8080', key: 'ok_of_the_options' }, env);
  assert.deepEqual([given.url, given.apiKey], ['http://10.0.0.1:8080', 'ok_of_the_options']);
  assert.equal(readClientConfig({}, {}).url, 'http://localhost:3000');
  assert.equal(readClientConfig({}, { PORT: '8080', OLLAGRAPH_URL: '' }).url, 'http://localhost:8080');
  for (const wrong of ['ftp://example.com', 'example.com', 'localhost:3000'])
    assert.throws(
      () => readClientConfig({ url: wrong }, {}),
      /^ConfigError: OLLAGRAPH_URL: must start with http/,
    );
});
