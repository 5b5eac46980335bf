import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { ATTEMPT_ERRORS } from '../../src/webhooks/send/attempt-errors.ts';
import { createAuthority } from '../support/net/certificates.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { assertSigned } from '../support/checks/signatures.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0,0,0,0', WEBHOOK_TIMEOUT_MS: '3000' });
  site = await startSite({ '/': page('Home', 'Hello.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});
// One each, since an endpoint that fails again and again is left alone for a while.
test.beforeEach(async () => {
  receiver = await startReceiver();
});
test.afterEach(async () => {
  await receiver[Symbol.asyncDispose]();
});

async function deliveryOf(jobId: string, status: string) {
  return await eventually(async () => {
    const { json } = await service.api('GET', `/v1/deliveries?job_id=${jobId}`);
    const found = json.data.find((d: { status: string }) => d.status === status);
    return found && (await service.api('GET', `/v1/deliveries/${found.id}`)).json;
  });
}

test('whatever is not a 2xx in time is tried again with the same bytes, freshly signed', async () => {
  await using elsewhere = await startReceiver();
  receiver.answers = [
    { status: 500, body: 'x'.repeat(3000) },
    // Closed, so that the next attempt is dropped on a new connection: a reused one would be
    // replaced.
    { status: 307, headers: { location: elsewhere.url(), connection: 'close' } },
    'drop',
    'hang',
    { status: 204 },
  ];
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const delivery = await deliveryOf(job_id, 'delivered');
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  assert.equal(receiver.callbacks.length, 5);
  assert.equal(elsewhere.callbacks.length, 0);
  for (const [n, callback] of receiver.callbacks.entries()) {
    assert.ok(callback.body.equals(receiver.callbacks[0]!.body));
    assertSigned(callback, webhook_secret);
    assert.equal(callback.headers['x-ollagraph-attempt'], String(n + 1));
    assert.equal(callback.headers['x-ollagraph-delivery'], delivery.id);
    assert.equal(callback.headers['webhook-id'], job_id);
  }
  assert.equal(delivery.attempts, 5);
  assert.equal(delivery.last_status, 204);
  assert.equal(delivery.last_error, null);
  assert.equal(delivery.body_bytes, receiver.callbacks[0]!.bytes);
  type Attempt = {
    number: number;
    status_code: number | null;
    error: string | null;
    response_body: string | null;
  };
  assert.deepEqual(
    delivery.attempt_log.map((a: Attempt) => [a.number, a.status_code, a.error]),
    [
      [1, 500, 'http_error'],
      [2, 307, 'redirect'],
      [3, null, 'connection_failed'],
      [4, null, 'timeout'],
      [5, 204, null],
    ],
  );
  assert.equal(delivery.attempt_log[0].response_body, 'x'.repeat(1024));
  for (const attempt of delivery.attempt_log) {
    assert.ok(attempt.error === null || attempt.error in ATTEMPT_ERRORS);
    assert.match(attempt.started_at, /Z$/);
    assert.match(attempt.finished_at, /Z$/);
    assert.ok(attempt.duration_ms > 0);
  }
});

test('an attempt is on record before its request is sent', async () => {
  const seen = Promise.withResolvers<unknown>();
  receiver.answer = (callback, res) => {
    sql`select number, finished_at from admin.all_attempts where delivery_id = ${callback.headers['x-ollagraph-delivery']}`
      .execute(service.db)
      .then(({ rows }) => seen.resolve(rows), seen.reject)
      .finally(() => res.writeHead(200).end());
  };
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  assert.deepEqual(await seen.promise, [{ number: 1, finished_at: null }]);
  const delivery = await deliveryOf(job_id, 'delivered');
  assert.notEqual(delivery.attempt_log[0].finished_at, null);
});

test('an exhausted delivery can be redelivered: the same bytes, the next number', async () => {
  receiver.answer = 503;
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const exhausted = await deliveryOf(job_id, 'exhausted');
  assert.deepEqual([exhausted.attempts, exhausted.last_status, exhausted.last_error], [5, 503, 'http_error']);
  assert.equal(exhausted.next_attempt_at, null);
  receiver.answer = 200;
  const answer = await service.api('POST', `/v1/deliveries/${exhausted.id}/redeliver`);
  assert.equal(answer.status, 202);
  const delivered = await deliveryOf(job_id, 'delivered');
  assert.equal(delivered.id, exhausted.id);
  assert.deepEqual(
    delivered.attempt_log.map((a: { trigger: string }) => a.trigger),
    ['schedule', 'schedule', 'schedule', 'schedule', 'schedule', 'manual'],
  );
  const [first, last] = [receiver.callbacks[0]!, receiver.callbacks.at(-1)!];
  assert.ok(last.body.equals(first.body));
  assert.equal(last.headers['x-ollagraph-attempt'], '6');
});

test('what was delivered can be redelivered too', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const { id } = await deliveryOf(job_id, 'delivered');
  await service.api('POST', `/v1/deliveries/${id}/redeliver`, {});
  const [first, second] = await receiver.received(2);
  assert.ok(second!.body.equals(first!.body));
  const delivered = await deliveryOf(job_id, 'delivered');
  assert.equal(delivered.attempts, 2);
});

test('a stored result that changed is not sent', async () => {
  receiver.answers = [
    (_callback, res) => {
      void sql`update pages set fragment = fragment || ' '`
        .execute(service.db)
        .finally(() => res.writeHead(500).end());
    },
  ];
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
  });
  const delivery = await deliveryOf(job_id, 'exhausted');
  assert.equal(receiver.callbacks.length, 1);
  assert.equal(delivery.last_error, 'body_changed');
});

test('a certificate that nobody vouches for, and a port on which nobody listens', async () => {
  const stranger = await createAuthority();
  await using untrusted = await startReceiver({ certificate: await stranger.issue(['127.0.0.1']) });
  const gone = await startReceiver();
  const goneUrl = gone.url();
  await gone[Symbol.asyncDispose]();
  for (const [webhook_url, error] of [
    [untrusted.url(), 'tls_failed'],
    [goneUrl, 'connection_failed'],
  ] as const) {
    const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url });
    const delivery = await deliveryOf(job_id, 'exhausted');
    assert.equal(delivery.last_error, error);
  }
  assert.equal(untrusted.callbacks.length, 0);
});

test('one receiver that hangs delays no other', async () => {
  await using other = await startReceiver();
  receiver.answer = 'hang';
  const urls = Array.from({ length: 30 }, (_, n) => ({
    url: site.url('/'),
    webhook_url: receiver.url(`/${n}`),
  }));
  await Promise.all(urls.map((body) => service.api.queue('/v1/scrape/async', body)));
  await receiver.received(1);
  await service.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: other.url() });
  await other.received(1);
  // Thirty deliveries of at least 3 s, eight at a time: the other one did not wait for them.
  assert.ok(receiver.callbacks.length < 30);
});
