import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
let dns: FakeDns;
before(async () => {
  dns = await startDns({
    'inside.example.test': { a: ['10.0.0.7'] },
    'half-inside.example.test': { a: ['93.184.216.34', '192.168.1.1'] },
    'six.example.test': { aaaa: ['fd00::1'] },
    'hook.example.test': { a: ['127.0.0.1'] },
  });
  service = await startTestService({ DNS_SERVERS: dns.server, WEBHOOK_RETRY_SCHEDULE: '0' });
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await dns.close();
});

const REFUSED = [
  'http://example.com/hook',
  'example.com/hook',
  '/hook',
  '',
  'ftp://example.com/',
  'javascript:alert(1)',
  'https://user:secret@example.com/hook',
  'https://user@example.com/hook',
  'https://10.0.0.1/hook',
  'https://192.168.0.1/',
  'https://172.16.0.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://100.64.0.1/',
  'https://0.0.0.0/',
  'https://0x0a000001/',
  'https://167772161/',
  'https://[fd00::1]/',
  'https://[fe80::1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://inside.example.test/hook',
  'https://half-inside.example.test/hook',
  'https://six.example.test/hook',
  'https://example.com:22/hook',
];

test('a webhook_url that can never be called is a 422 on each route, and creates nothing', async () => {
  for (const webhook_url of REFUSED) {
    for (const [path, body] of [
      ['/v1/scrape/async', { url: site.url('/') }],
      ['/v1/scrape/batch/async', { urls: [site.url('/')] }],
      ['/v1/crawl', { url: site.url('/') }],
      ['/v1/me/webhooks/test', {}],
    ] as const) {
      const { status, json } = await service.api('POST', path, { ...body, webhook_url });
      assert.equal(status, 422, `${path} with ${webhook_url}`);
      assert.deepEqual(
        json.errors.map((e: { path: string }) => e.path),
        ['webhook_url'],
      );
      assert.ok(!JSON.stringify(json).includes('10.0.0.7'));
    }
  }
  assert.deepEqual((await service.api('GET', '/v1/jobs')).json.data, []);
});

test('without ALLOW_PRIVATE_WEBHOOKS loopback is refused too; neither list opens the other', async () => {
  await using strict = await startTestService({ ALLOW_PRIVATE_WEBHOOKS: '', DNS_SERVERS: dns.server });
  const port = new URL(receiver.origin).port;
  for (const host of ['127.0.0.1', 'localhost', '[::1]', 'hook.example.test']) {
    const body = { url: site.url('/'), webhook_url: `https://${host}:${port}/hook` };
    assert.equal((await strict.api('POST', '/v1/scrape/async', body)).status, 422, host);
  }
  assert.equal((await strict.api('POST', '/v1/scrape', { url: site.url('/') })).json.status, 'ok');
  await using other = await startTestService({ ALLOW_PRIVATE_TARGETS: '', DNS_SERVERS: dns.server });
  const blocked = await other.api.finished(
    await other.api.queue('/v1/scrape/async', {
      url: site.url('/'),
      webhook_url: receiver.url('/only-webhooks'),
    }),
  );
  assert.equal(blocked.result.error.code, 'blocked_target');
  await receiver.received(1, '/only-webhooks');
});

test('a name that does not resolve yet is accepted, and called once it does', async () => {
  const port = new URL(receiver.origin).port;
  const webhook_url = `https://new.example.test:${port}/new`;
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url });
  const { delivery } = await service.api.finished(job_id);
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'exhausted',
  );
  const failed = (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json;
  assert.equal(failed.last_error, 'dns_failed');
  dns.zone.set('new.example.test', { a: ['127.0.0.1'] });
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  const [callback] = await receiver.received(1, '/new');
  assert.equal(callback!.headers.host, `new.example.test:${port}`);
});

test('a name that turns to a private address after the job was made is not called', async () => {
  dns.zone.set('turning.example.test', { a: ['93.184.216.34'] });
  const job = service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: 'https://turning.example.test/hook',
  });
  await eventually(() => dns.queries.some((q) => q.name === 'turning.example.test'));
  dns.zone.set('turning.example.test', { a: ['10.0.0.8'] });
  const { delivery } = await service.api.finished(await job);
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'exhausted',
  );
  const { attempt_log } = (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json;
  assert.deepEqual(
    attempt_log.map((a: Record<string, unknown>) => [a.error, a.error_detail]),
    [1, 2].map(() => ['blocked_target', 'address_not_public']),
  );
  assert.ok(!JSON.stringify(attempt_log).includes('10.0.0.8'));
});
