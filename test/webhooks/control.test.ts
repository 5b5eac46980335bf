import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { assertSigned } from '../support/checks/signatures.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await shareTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

type Api = TestService['api'];
const ids = ({ json }: Awaited<ReturnType<Api>>): string[] => json.data.map((d: { id: string }) => d.id);

async function settled(api: Api, count: number, status: string): Promise<string[]> {
  return await eventually(async () => {
    const found = ids(await api('GET', `/v1/deliveries?status=${status}`));
    return found.length === count ? found : null;
  });
}

test('recover sends again what failed for good in the window, to the named receiver', async () => {
  const { api } = await service.createAccount();
  await using other = await startReceiver();
  receiver.answer = other.answer = 500;
  const since = new Date().toISOString();
  for (const webhook_url of [receiver.url('/r/1'), receiver.url('/r/1'), other.url('/r/2')])
    await api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url });
  await settled(api, 3, 'exhausted');
  const until = new Date(Date.now() + 1000).toISOString();
  receiver.answer = other.answer = 200;

  const recover = async (body: object) => (await api('POST', '/v1/deliveries/recover', body)).json.deliveries;
  assert.equal(await recover({ since, dry_run: true }), 3);
  assert.equal(await recover({ since: until }), 0);
  assert.equal(await recover({ since: '2020-01-01T00:00:00Z', until: since }), 0);
  assert.equal(await recover({ since, until, webhook_url: other.url('/r/2') }), 1);
  await settled(api, 1, 'delivered');
  assert.equal(await recover({ since, until }), 2);
  const delivered = await settled(api, 3, 'delivered');
  assert.equal(await recover({ since, until }), 0);
  const { json } = await api('GET', `/v1/deliveries/${delivered[0]}`);
  assert.equal(json.attempt_log.at(-1).trigger, 'recover');
});

test('the history: newest first, filtered by every field, page by page', async () => {
  const { api } = await service.createAccount();
  receiver.answer = 200;
  const jobs: string[] = [];
  for (let n = 0; n < 5; n++)
    jobs.push(
      await api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: receiver.url(`/h/${n % 2}`) }),
    );
  const all = await settled(api, 5, 'delivered');
  assert.deepEqual(all, all.toSorted().toReversed());

  const list = async (query: string) => ids(await api('GET', `/v1/deliveries?${query}`));
  assert.deepEqual(await list(''), all);
  assert.deepEqual(await list('status=exhausted'), []);
  assert.deepEqual(await list('status=pending'), []);
  assert.equal((await list(`job_id=${jobs[2]}`)).length, 1);
  assert.equal((await list(`webhook_url=${encodeURIComponent(receiver.url('/h/1'))}`)).length, 2);
  // Of the same millisecond, neither the order of ids nor that of times says which came first.
  const { data } = (await api('GET', '/v1/deliveries')).json;
  const { created_at } = data[2];
  const those = (wanted: (at: string) => boolean): string[] =>
    data.filter((one: { created_at: string }) => wanted(one.created_at)).map((one: { id: string }) => one.id);
  assert.deepEqual(
    await list(`since=${created_at}`),
    those((at) => at >= created_at),
  );
  assert.deepEqual(
    await list(`until=${created_at}`),
    those((at) => at < created_at),
  );

  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await api('GET', `/v1/deliveries?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
    seen.push(...ids(answer));
    cursor = answer.json.next_cursor;
  }
  assert.deepEqual(seen, all);
});

test('the test endpoint sends one signed payload and answers with its first attempt', async () => {
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  receiver.answer = { status: 200, body: 'thank you' };
  const { status, json } = await service.api('POST', '/v1/me/webhooks/test', {
    webhook_url: receiver.url('/test'),
  });
  assert.equal(status, 200);
  assert.deepEqual([json.event, json.job_id], ['test', null]);
  assert.equal(json.attempt_log.length, 1);
  assert.deepEqual(
    [json.attempt_log[0].status_code, json.attempt_log[0].trigger, json.attempt_log[0].response_body],
    [200, 'test', 'thank you'],
  );
  const [callback] = await receiver.received(1, '/test');
  assertSigned(callback!, webhook_secret);
  const body = JSON.parse(callback!.body.toString());
  assert.equal(body.status, 'completed');
  assert.equal(body.result.status, 'ok');
  assert.equal(callback!.headers['webhook-id'], json.id);
});

test('a test that fails says why, is tried again like any delivery, and costs nothing', async () => {
  const { credits } = (await service.api('GET', '/v1/me')).json;
  await using failing = await startReceiver();
  failing.answer = 'drop';
  const { json } = await service.api('POST', '/v1/me/webhooks/test', { webhook_url: failing.url() });
  assert.equal(json.attempt_log[0].error, 'connection_failed');
  const [first, second] = await failing.received(2);
  assert.ok(second!.body.equals(first!.body));
  assert.equal((await service.api('GET', '/v1/me')).json.credits, credits);
});

test('a test takes headers of its own, by the rules of other deliveries', async () => {
  const callTest = async (webhook_headers: object) =>
    await service.api('POST', '/v1/me/webhooks/test', {
      webhook_url: receiver.url('/headers'),
      webhook_headers,
    });
  receiver.answer = 200;
  assert.equal((await callTest({ Authorization: 'Bearer receiver-token' })).status, 200);
  const [callback] = await receiver.received(1, '/headers');
  assert.equal(callback!.headers.authorization, 'Bearer receiver-token');
  const refused = await callTest({ 'X-Ollagraph-Signature': 'x' });
  assert.equal(refused.status, 422);
  assert.match(refused.json.errors[0].path, /^webhook_headers/);
});

test('redelivering what is no longer kept is 410 at once, whoever asks', async () => {
  const { api } = await service.createAccount();
  receiver.answer = 200;
  const job = await api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url('/gone'),
    webhook_events: ['job.page', 'job.completed'],
  });
  const found = await settled(api, 2, 'delivered');
  await sql`delete from pages where job_id = ${job}`.execute(service.db);
  await sql`delete from jobs where id = ${job}`.execute(service.db);
  for (const id of found) {
    const { status, json } = await api('POST', `/v1/deliveries/${id}/redeliver`);
    assert.deepEqual([status, json.code], [410, 'gone']);
  }
  assert.equal((await receiver.received(2, '/gone')).length, 2);
  assert.equal(
    (await service.api('POST', `/v1/deliveries/${found[0]}/redeliver`)).status,
    404,
    'of another account',
  );
  const dropped = `dlv_${(Date.now() - 400 * 86_400_000).toString(16).padStart(12, '0')}0123456789ab`;
  for (const caller of [api, service.api])
    assert.equal((await caller('POST', `/v1/deliveries/${dropped}/redeliver`)).status, 410);
});
