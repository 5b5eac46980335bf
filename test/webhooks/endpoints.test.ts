import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import type { Api } from '../support/api.ts';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { eventually } from '../support/wait.ts';

const hostOf = (url: string) => new URL(url).host;

let shared: TestService;
before(async () => {
  shared = await shareTestService();
});
after(() => shared[Symbol.asyncDispose]());

async function queueOne(service: { api: Api }, url: string, webhook_url: string): Promise<string> {
  const id = await service.api.queue('/v1/scrape/async', { url, webhook_url });
  await service.api.finished(id);
  return id;
}

test('a paused endpoint keeps its deliveries, and sends them when it is resumed', async () => {
  const service = await shared.createAccount();
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  const endpoint = hostOf(receiver.url());
  await queueOne(service, site.url('/'), receiver.url());
  await receiver.received(1);

  const paused = await service.api('POST', `/v1/endpoints/${encodeURIComponent(endpoint)}/pause`);
  assert.equal(paused.json.status, 'paused');
  const job = await queueOne(service, site.url('/'), receiver.url());
  const [held] = (await service.api('GET', `/v1/deliveries?job_id=${job}`)).json.data;
  assert.equal(held.status, 'pending');
  // A redelivery does not break the pause either.
  assert.equal((await service.api('POST', `/v1/deliveries/${held.id}/redeliver`)).status, 202);
  const other = await startReceiver();
  await queueOne(service, site.url('/'), other.url());
  await other.received(1);
  await other[Symbol.asyncDispose]();
  assert.equal(receiver.callbacks.length, 1);
  const { data } = (await service.api('GET', '/v1/endpoints')).json;
  const view = data.find((e: { endpoint: string }) => e.endpoint === endpoint);
  assert.deepEqual([view.status, view.backlog, view.attempts, view.success_rate], ['paused', 1, 1, 1]);

  await service.api('POST', `/v1/endpoints/${encodeURIComponent(endpoint)}/resume`);
  await receiver.received(2);
});

test('what waits for an endpoint can be cancelled, and redelivered later', async () => {
  const service = await shared.createAccount();
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  receiver.answer = 500;
  const endpoint = encodeURIComponent(hostOf(receiver.url()));
  const job = await queueOne(service, site.url('/'), receiver.url());
  await eventually(async () => {
    const [delivery] = (await service.api('GET', `/v1/deliveries?job_id=${job}`)).json.data;
    return delivery.last_status === 500;
  });
  const cancelled = await service.api('POST', `/v1/endpoints/${endpoint}/cancel-pending`);
  assert.equal(cancelled.json.cancelled, 1);
  const [delivery] = (await service.api('GET', '/v1/deliveries?status=cancelled')).json.data;
  assert.equal(delivery.job_id, job);
  assert.equal(delivery.attempts, 1);
  receiver.answer = 200;
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  const [first, second] = await receiver.received(2);
  assert.deepEqual(second!.body, first!.body);
  assert.equal(second!.headers['x-ollagraph-attempt'], '2');
});

test('an endpoint that fails and fails rests, says so, and is probed until it answers', async () => {
  await using service = await startTestService({
    WEBHOOK_RETRY_SCHEDULE: '0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0',
  });
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  receiver.answer = 503;
  await queueOne(service, site.url('/'), receiver.url());
  const view = await eventually(async () => {
    const { data } = (await service.api('GET', '/v1/endpoints')).json;
    return data[0]?.status === 'backing_off' ? data[0] : undefined;
  });
  assert.equal(view.backlog, 1);
  assert.equal(view.last_error, 'http_error');
  assert.ok(receiver.callbacks.length >= 10);
  receiver.answer = 200;
  await eventually(
    async () => (await service.api('GET', '/v1/deliveries?status=delivered')).json.data.length === 1,
  );
  await eventually(async () => (await service.api('GET', '/v1/endpoints')).json.data[0].status === 'active');
});

test('a hanging endpoint holds up no other', async () => {
  await using service = await startTestService({ WEBHOOK_TIMEOUT_MS: '20000' });
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using hanging = await startReceiver();
  await using healthy = await startReceiver();
  hanging.answer = 'hang';
  await sql`
    insert into outbox (account_id, id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job)
    select ${service.account.id}, 'dlv_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 12, '0'),
      'test', ${hanging.url()}, ${hostOf(hanging.url())}, 'x', '{}', '', false from generate_series(1, 2000) n`.execute(
    service.db,
  );
  await hanging.received(8);
  await queueOne(service, site.url('/'), healthy.url());
  await healthy.received(1);
  assert.equal(hanging.callbacks.length, 8, 'no more than eight are under way to one endpoint');
  const { data } = (await service.api('GET', '/v1/endpoints')).json;
  const view = data.find((e: { endpoint: string }) => e.endpoint === hostOf(hanging.url()));
  assert.equal(view.backlog, 2000);
  await sql`truncate outbox`.execute(service.db);
  hanging.answer = 200;
});

test("another account's endpoint, and one that is not known, are the same 404", async () => {
  const service = await shared.createAccount();
  await using site = await startSite({ '/': page('Home', 'Text.') });
  await using receiver = await startReceiver();
  await queueOne(service, site.url('/'), receiver.url());
  await receiver.received(1);
  const stranger = await shared.createAccount();
  for (const action of ['pause', 'resume', 'cancel-pending']) {
    const known = await stranger.api(
      'POST',
      `/v1/endpoints/${encodeURIComponent(hostOf(receiver.url()))}/${action}`,
    );
    const unknown = await stranger.api('POST', `/v1/endpoints/nowhere.example:443/${action}`);
    assert.deepEqual([known.status, known.json.detail], [404, unknown.json.detail]);
    assert.equal(unknown.status, 404);
  }
  assert.deepEqual((await stranger.api('GET', '/v1/endpoints')).json.data, []);
});
