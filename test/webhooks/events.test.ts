import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

test('job.started, job.page and job.completed, for those who ask for them', async () => {
  await using site = await startSite({ '/a': page('A', 'Text of a.'), '/b': page('B', 'Text of b.') });
  await using receiver = await startReceiver();
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  const job = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), site.url('/b')],
    webhook_url: receiver.url(),
    webhook_events: ['job.started', 'job.page', 'job.completed'],
    webhook_headers: { Authorization: 'Bearer receiver-token', 'X-Tenant': 'seven' },
    metadata: { order: 7 },
  });
  const callbacks = await receiver.received(4);
  const verifier = new Webhook(webhook_secret);
  for (const callback of callbacks) {
    verifier.verify(callback.body, callback.headers as Record<string, string>);
    assert.equal(callback.headers.authorization, 'Bearer receiver-token');
    assert.equal(callback.headers['x-tenant'], 'seven');
  }
  assert.equal(new Set(callbacks.map((c) => c.headers['webhook-id'])).size, 4);
  const bodies = callbacks.map((c) => JSON.parse(c.body.toString()));
  const started = bodies.find((b) => b.event === 'job.started');
  assert.deepEqual(started, { event: 'job.started', job_id: job, status: 'running', metadata: { order: 7 } });
  const pages = bodies.filter((b) => b.event === 'job.page').toSorted((x, y) => x.page_index - y.page_index);
  const end = bodies.find((b) => b.event === undefined);
  assert.deepEqual(Object.keys(end), ['job_id', 'status', 'result', 'cut_short', 'metadata']);
  assert.deepEqual(
    pages.map((p) => p.page),
    end.result.pages,
  );
});

test('without webhook_events there is the final POST alone', async () => {
  await using site = await startSite({ '/a': page('A', 'Text of a.') });
  await using receiver = await startReceiver();
  const job = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), site.url('/a')],
    webhook_url: receiver.url(),
  });
  await receiver.received(1);
  const rows = (await service.api('GET', `/v1/deliveries?job_id=${job}`)).json.data;
  assert.equal(rows.length, 1);
  assert.equal(rows[0].event, 'job.completed');
});

test('webhook_headers may not pose as ours', async () => {
  for (const name of [
    'X-Ollagraph-Signature',
    'webhook-id',
    'Content-Type',
    'User-Agent',
    'Host',
    'content-length',
    'bad name',
  ]) {
    const answer = await service.api('POST', '/v1/scrape/async', {
      url: 'https://example.com/',
      webhook_url: 'https://127.0.0.1:4443/',
      webhook_headers: { [name]: 'x' },
    });
    assert.equal(answer.status, 422, name);
    assert.match(answer.json.errors[0].path, /^webhook_headers/);
  }
});

test('webhook_payload summary sends counts and the way to the pages', async () => {
  await using site = await startSite({ '/a': page('A', 'Text of a.') });
  await using receiver = await startReceiver();
  const job = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/a'), site.url('/b')],
    webhook_url: receiver.url(),
    webhook_payload: 'summary',
  });
  const [callback] = await receiver.received(1);
  assert.deepEqual(JSON.parse(callback!.body.toString()), {
    job_id: job,
    status: 'completed',
    result: {
      total: 2,
      succeeded: 2,
      failed: 0,
      skipped: 0,
      cancelled: 0,
      blocked: 0,
      pages_url: `/v1/jobs/${job}/pages`,
    },
    cut_short: false,
  });
});
