import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newId } from '../../src/ids.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test("another account's job or delivery cannot be told from one that does not exist", async () => {
  const body = { url: site.url('/'), webhook_url: receiver.url() };
  const job_id = await service.api.queue('/v1/scrape/async', body);
  const { delivery } = await service.api.finished(job_id);
  await receiver.received(1);
  const plain = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(plain);
  const stranger = await service.createAccount();

  for (const [method, path, theirs, nobodys] of [
    ['GET', '/v1/jobs/:id', job_id, newId('job')],
    ['GET', '/v1/jobs/:id?wait=20', job_id, newId('job')],
    ['GET', '/v1/jobs/:id/pages', job_id, newId('job')],
    ['GET', '/v1/jobs/:id/events', job_id, newId('job')],
    ['POST', '/v1/jobs/:id/cancel', job_id, newId('job')],
    ['GET', '/v1/deliveries/:id', delivery.id, newId('dlv')],
    ['POST', '/v1/deliveries/:id/redeliver', delivery.id, newId('dlv')],
    ['GET', '/v1/callbacks/:id', delivery.id, newId('dlv')],
    ['GET', '/v1/callbacks/:id', plain, newId('job')],
  ] as const) {
    const answers = [];
    for (const id of [theirs, nobodys, 'nonsense', `${theirs}0`, "';--", '%00']) {
      const { status, json } = await stranger.api(method, path.replace(':id', id));
      answers.push(JSON.stringify({ status, ...json, request_id: '' }));
      assert.equal(status, 404, `${method} ${path} with ${id}`);
    }
    assert.equal(new Set(answers).size, 1, `${method} ${path}`);
    const own = await service.api(method, path.replace(':id', theirs));
    assert.notEqual(own.status, 404);
  }
});

test("another account's jobs and deliveries are in no list, and no recovery reaches them", async () => {
  receiver.answer = 500;
  const poor = await service.createAccount();
  const body = { url: site.url('/'), webhook_url: receiver.url('/failing') };
  const { job_id } = (await poor.api('POST', '/v1/scrape/async', body)).json;
  await poor.api.finished(job_id);
  await receiver.received(2, '/failing');
  const stranger = await service.createAccount();
  assert.deepEqual((await stranger.api('GET', '/v1/jobs')).json, { data: [], next_cursor: null });
  assert.deepEqual((await stranger.api('GET', `/v1/deliveries?job_id=${job_id}`)).json, {
    data: [],
    next_cursor: null,
  });
  await poor.api.finished(await poor.api.queue('/v1/scrape/async', { url: site.url('/') }));
  const callbacks = '/v1/callbacks?since=2020-01-01T00:00:00Z';
  // The list waits for older transactions, also those of other tests.
  await eventually(async () => (await poor.api('GET', callbacks)).json.data.length === 2);
  assert.deepEqual((await stranger.api('GET', callbacks)).json, { data: [], next_cursor: null });
  assert.deepEqual((await stranger.api('GET', '/v1/me/usage')).json.data, []);
  const recovered = await stranger.api('POST', '/v1/deliveries/recover', { since: '2020-01-01T00:00:00Z' });
  assert.equal(recovered.json.deliveries, 0);
  assert.equal((await poor.api('GET', `/v1/deliveries?job_id=${job_id}`)).json.data.length, 1);
});
