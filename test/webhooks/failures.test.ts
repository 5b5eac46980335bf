import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { Dispatcher } from '../../src/webhooks/dispatch/dispatcher.ts';
import { createAuthority } from '../support/net/certificates.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { deliverTo, WITHOUT_WORKERS } from './own-deliveries.ts';

let service: TestService;
before(async () => {
  service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_RETRY_SCHEDULE: '0' });
});
after(async () => await service[Symbol.asyncDispose]());

/** The delivery with its attempts, once it has this status. */
async function ended(id: string, status: string) {
  return await eventually(async () => {
    const { json } = await service.api('GET', `/v1/deliveries/${id}`);
    return json.status === status ? json : null;
  });
}

test('a failed TLS handshake is recorded with its fault', async () => {
  const stranger = await createAuthority();
  await using untrusted = await startReceiver({ certificate: await stranger.issue(['127.0.0.1']) });
  const [id] = await deliverTo(service, [untrusted.url()]);
  const { last_error, attempt_log } = await ended(id!, 'exhausted');
  assert.equal(last_error, 'tls_failed');
  assert.match(attempt_log[0].error_detail, /^certificate_/);
});

test('a redirect is recorded with its target', async () => {
  await using receiver = await startReceiver();
  receiver.answer = { status: 308, headers: { location: 'https://elsewhere.example/new?a=1' } };
  const [id] = await deliverTo(service, [receiver.url()]);
  const { attempt_log } = await ended(id!, 'exhausted');
  assert.deepEqual(
    [attempt_log[0].error, attempt_log[0].error_detail],
    ['redirect', 'https://elsewhere.example/new?a=1'],
  );
});

test("an answer's beginning is recorded decoded", async () => {
  await using receiver = await startReceiver();
  receiver.answer = (_callback, res) => {
    const headers = { 'content-type': 'text/plain; charset=iso-8859-1', 'content-encoding': 'gzip' };
    res.writeHead(500, headers).end(gzipSync(Buffer.from('kein gültiger Schlüssel', 'latin1')));
  };
  const [id] = await deliverTo(service, [receiver.url()]);
  const { attempt_log } = await ended(id!, 'exhausted');
  assert.equal(attempt_log[0].response_body, 'kein gültiger Schlüssel');
  assert.equal(attempt_log[0].error_detail, null);
});

test('attempts that fail and deliveries that are exhausted are logged at info', async () => {
  await using receiver = await startReceiver();
  receiver.answer = 500;
  const [id] = await deliverTo(service, [receiver.url()]);
  await ended(id!, 'exhausted');
  const lines = await eventually(() => {
    const found = service.logs.filter((line) => line.delivery_id === id && line.level === 30);
    return found.length === 2 ? found : null;
  });
  assert.deepEqual(
    lines.map(({ msg, attempt, status_code, error }) => [msg, attempt, status_code, error]),
    [
      ['delivery attempt failed', 1, 500, 'http_error'],
      ['delivery exhausted', 2, 500, 'http_error'],
    ],
  );
});

test('a 2xx whose body is broken off or too long is a success, and is not sent again', async () => {
  await using receiver = await startReceiver();
  receiver.answer = ({ path }, res) => {
    res.writeHead(200, { 'content-length': '1000000' }).write('x'.repeat(path === '/long' ? 500_000 : 10));
    setImmediate(() => res.socket?.destroy());
  };
  for (const path of ['/long', '/broken']) {
    const [id] = await deliverTo(service, [receiver.url(path)]);
    assert.equal((await ended(id!, 'delivered')).attempts, 1);
  }
});

test('a body that is no longer what was sent is given up at once', async () => {
  await using receiver = await startReceiver();
  receiver.answer = 500;
  const [id] = await deliverTo(service, [receiver.url()], { delay: 0 });
  await sql`update outbox set body_bytes = 1, body_sha256 = '\\x00' where id = ${id}`.execute(service.db);
  const { attempts, last_error } = await ended(id!, 'exhausted');
  assert.equal(last_error, 'body_changed');
  assert.ok(attempts <= 2);
});

test('an attempt that cannot be signed here is left to others, and not counted', async () => {
  await using own = await startTestService({ ROLES: 'web', SECRET_KEY: 'the key that sealed the secrets' });
  await using receiver = await startReceiver();
  const wrong = new Dispatcher(own.context, createSecretBox('another key, set by mistake'));
  wrong.start();
  const [id] = await deliverTo(own, [receiver.url()]);
  await eventually(() =>
    own.logs.some((line) => line.msg === 'failed to open a webhook secret, will try again'),
  );
  const read = async () => (await own.api('GET', `/v1/deliveries/${id}`)).json;
  const untouched = await eventually(async () => {
    const delivery = await read();
    return delivery.attempts === 0 && delivery.attempt_log.length === 0 ? delivery : null;
  });
  assert.equal(untouched.status, 'pending');
  const right = new Dispatcher(own.context, createSecretBox('the key that sealed the secrets'));
  right.start();
  await eventually(async () => (await read()).status === 'delivered');
  assert.equal((await read()).attempts, 1);
  await Promise.all([wrong.stop(5000), right.stop(5000)]);
});

test('a receiver that closes idle connections costs no attempt', async () => {
  await using receiver = await startReceiver();
  // Each connection is closed by the receiver as soon as its first answer is out, without a word in
  // the answer.
  receiver.answer = (_callback, res) => {
    const { socket } = res;
    res.writeHead(200, { connection: 'keep-alive' }).end(() => setTimeout(() => socket?.destroy(), 1));
  };
  const ids: string[] = [];
  for (let n = 0; n < 60; n++) {
    const [id] = await deliverTo(service, [receiver.url()]);
    ids.push(id!);
    if (n % 5 === 4) await receiver.received(n + 1);
  }
  for (const id of ids) assert.equal((await ended(id, 'delivered')).attempts, 1);
});
