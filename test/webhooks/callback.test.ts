import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver, type Callback, type Receiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { assertNotSigned, assertSigned, isSignedForTheLastOne } from '../support/checks/signatures.ts';
import { page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
let secret: string;
before(async () => {
  service = await shareTestService();
  receiver = await startReceiver();
  site = await startSite({
    '/': page('Grüße 👋', 'Ein “Test” mit <em>ünïcödé</em>, 漢字, \u2028 und \\ "Anführung".', ['/a']),
    '/a': page('A', 'Something else.'),
  });
  secret = (await service.api('GET', '/v1/me')).json.webhook_secret;
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

async function callbackOf(
  path: string,
  body: object,
  hook: string,
): Promise<{ job_id: string; callback: Callback }> {
  const job_id = await service.api.queue(path, { ...body, webhook_url: receiver.url(hook) });
  const [callback] = await receiver.received(1, hook);
  return { job_id, callback: callback! };
}

/** The bytes of `result` in the answer of GET /v1/jobs/{job_id}: its last key. */
async function shownResult(jobId: string): Promise<string> {
  const { text } = await service.api('GET', `/v1/jobs/${jobId}`);
  const mark = ',"result":';
  return text.trimEnd().slice(text.indexOf(mark) + mark.length, -1);
}

const KINDS: [string, string, () => object][] = [
  ['a page', '/v1/scrape/async', () => ({ url: site.url('/') })],
  ['a batch', '/v1/scrape/batch/async', () => ({ urls: [site.url('/'), 'http://10.0.0.1/', site.url('/')] })],
  ['a crawl', '/v1/crawl', () => ({ url: site.url('/'), max_pages: 2 })],
];

for (const [what, path, body] of KINDS) {
  test(`the callback of ${what} is one signed POST whose result is byte for byte what GET shows`, async () => {
    const hook = `/hooks${path}`;
    const { job_id, callback } = await callbackOf(path, body(), hook);
    assert.equal(callback.method, 'POST');
    assert.equal(
      callback.body.toString(),
      `{"job_id":"${job_id}","status":"completed","result":${await shownResult(job_id)},"cut_short":false}`,
    );
    assertSigned(callback, secret);
    assert.ok(isSignedForTheLastOne(callback, secret));
    await service.api.finished(job_id);
    assert.equal(receiver.callbacks.filter((c) => c.path === hook).length, 1);
  });
}

test('the headers are those of the contract, and nothing else tells who we are', async () => {
  const { job_id, callback } = await callbackOf('/v1/scrape/async', { url: site.url('/') }, '/headers');
  const { headers } = callback;
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['content-length'], String(callback.bytes));
  assert.match(String(headers['user-agent']), /^Ollagraph-Webhook\/\d/);
  assert.match(String(headers['x-ollagraph-signature']), /^t=\d{10},v1=[0-9a-f]{64}$/);
  assert.equal(headers['webhook-id'], job_id);
  assert.match(String(headers['webhook-signature']), /^v1,[A-Za-z0-9+/]{43}=$/);
  assert.match(String(headers['x-ollagraph-delivery']), /^dlv_/);
  assert.equal(headers['x-ollagraph-attempt'], '1');
  assert.ok(Math.abs(Number(headers['webhook-timestamp']) * 1000 - callback.at) < 300_000);
  assert.ok(
    String(headers['x-ollagraph-signature']).startsWith(`t=${String(headers['webhook-timestamp'])},`),
  );
  assert.ok(!('authorization' in headers) && !('cookie' in headers));
});

test('another secret, another body, another time: both libraries refuse it', async () => {
  const { callback } = await callbackOf('/v1/scrape/async', { url: site.url('/a') }, '/tampered');
  assertNotSigned(
    callback,
    (await service.createAccount().then(({ api }) => api('GET', '/v1/me'))).json.webhook_secret,
  );
  assertNotSigned({ ...callback, body: Buffer.concat([callback.body, Buffer.from(' ')]) }, secret);
  const later = String(Number(callback.headers['webhook-timestamp']) + 1);
  const signature = String(callback.headers['x-ollagraph-signature']).replace(/t=\d+/, `t=${later}`);
  assertNotSigned(
    {
      ...callback,
      headers: { ...callback.headers, 'x-ollagraph-signature': signature, 'webhook-timestamp': later },
    },
    secret,
  );
});

test('metadata comes back as it was given', async () => {
  const metadata = { order: 66, nested: { list: [1, 'zwei', null, true] }, text: '\u2028"\\' };
  const { callback } = await callbackOf('/v1/scrape/async', { url: site.url('/a'), metadata }, '/metadata');
  const body = JSON.parse(callback.body.toString());
  assert.deepEqual(Object.keys(body), ['job_id', 'status', 'result', 'cut_short', 'metadata']);
  assert.deepEqual(body.metadata, metadata);
});

test('a summary has the counts and where the pages are, and no pages', async () => {
  const body = { urls: [site.url('/'), 'http://10.0.0.1/'], webhook_payload: 'summary' };
  const { job_id, callback } = await callbackOf('/v1/scrape/batch/async', body, '/summary');
  const { result } = JSON.parse(callback.body.toString());
  assert.deepEqual(result, {
    total: 2,
    succeeded: 1,
    failed: 1,
    skipped: 0,
    cancelled: 0,
    blocked: 0,
    pages_url: `/v1/jobs/${job_id}/pages`,
  });
  assert.equal((await service.api('GET', result.pages_url)).json.data.length, 2);
});

test('a job without webhook_url is delivered to nobody', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/a') });
  const job = await service.api.finished(job_id);
  assert.equal(job.delivery, null);
  assert.deepEqual((await service.api('GET', `/v1/deliveries?job_id=${job_id}`)).json.data, []);
});
