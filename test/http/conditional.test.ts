import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '3600' });
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test('an ended job has a strong ETag, and a 304 for whoever has it', async () => {
  const id = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(id);
  const first = await service.api('GET', `/v1/jobs/${id}`);
  const etag = first.headers.get('etag') ?? '';
  assert.match(etag, /^"[^"]+"$/);
  const again = await service.api('GET', `/v1/jobs/${id}`, undefined, { 'if-none-match': etag });
  assert.equal(again.status, 304);
  assert.equal(again.text, '');
  assert.equal(again.headers.get('etag'), etag);
  const other = await service.api('GET', `/v1/jobs/${id}`, undefined, { 'if-none-match': '"other"' });
  assert.equal(other.text, first.text);
  const short = await service.api('GET', `/v1/jobs/${id}?result=false`, undefined, { 'if-none-match': etag });
  assert.equal(short.status, 200);
  const matching = (tags: Record<string, string>) => service.api('GET', `/v1/jobs/${id}`, undefined, tags);
  const refused = await matching({ 'if-match': '"other"', 'if-none-match': etag });
  assert.deepEqual([refused.status, refused.json.code], [412, 'precondition_failed']);
  assert.equal((await matching({ 'if-match': etag })).text, first.text);
  assert.equal((await matching({ 'if-match': etag, 'if-none-match': `W/${etag}` })).status, 304);
});

test('the ETag changes when the job ends, and when its delivery does', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  receiver.answers = [500, 200];
  const id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/held'),
    webhook_url: receiver.url(),
  });
  await held.entered;
  const etags = new Set([(await service.api('GET', `/v1/jobs/${id}`)).headers.get('etag')]);
  held.open();
  const { delivery } = await service.api.finished(id);
  await receiver.received(1);
  etags.add((await service.api('GET', `/v1/jobs/${id}`)).headers.get('etag'));
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.last_status === 500,
  );
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  await eventually(
    async () => (await service.api('GET', `/v1/jobs/${id}`)).json.delivery.status === 'delivered',
  );
  etags.add((await service.api('GET', `/v1/jobs/${id}`)).headers.get('etag'));
  assert.equal(etags.size, 3);
});

test("a job's delivery is the one that it ends with, whatever else was delivered of it", async () => {
  const events = ['job.page', 'job.started', 'job.completed'];
  const body = {
    urls: [site.url('/'), site.url('/')],
    webhook_url: receiver.url('/events'),
    webhook_events: events,
  };
  const id = await service.api.queue('/v1/scrape/batch/async', body);
  await service.api.finished(id);
  await receiver.received(4, '/events');
  await eventually(
    async () => (await service.api('GET', `/v1/jobs/${id}`)).json.delivery.status === 'delivered',
  );
  const { delivery } = (await service.api('GET', `/v1/jobs/${id}`)).json;
  assert.equal((await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.event, 'job.completed');
});

test('a known path with another method is a 405 that names those it takes', async () => {
  for (const [method, path, allow] of [
    ['GET', '/v1/scrape', 'POST'],
    ['DELETE', '/v1/jobs/job_1', 'GET'],
    ['PUT', '/v1/me', 'GET'],
    ['POST', '/openapi.json', 'GET'],
  ] as const) {
    const { json, headers } = await service.api(method, path);
    assert.equal(json.code, 'method_not_allowed', `${method} ${path}`);
    assert.equal(headers.get('allow'), allow);
  }
  assert.equal((await service.api('GET', '/v1/nothing')).json.code, 'not_found');
});
