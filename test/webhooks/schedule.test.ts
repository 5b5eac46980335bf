import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { assertNotSigned, assertSigned, isSignedForTheLastOne } from '../support/checks/signatures.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

/**
 * With waits that no test lives to see: a delivery that failed once stays pending until it is told
 * otherwise.
 */
const PATIENT = { WEBHOOK_RETRY_SCHEDULE: '1000,2000,3000' };
let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await startTestService(PATIENT);
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

interface Delivery {
  id: string;
  status: string;
  attempts: number;
  next_attempt_at: string | null;
  attempt_log: { finished_at: string; trigger: string }[];
}

/**
 * Queues a page whose callback fails once, and waits until that is recorded: the delivery and its
 * attempts are two reads.
 */
async function failOnce(
  answer: Receiver['answer'],
  hook: string,
  of: TestService = service,
): Promise<Delivery> {
  receiver.answers = [answer];
  const job_id = await of.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(hook),
  });
  return await eventually(async () => {
    const { delivery } = (await of.api('GET', `/v1/jobs/${job_id}?wait=25`)).json;
    const { json } = await of.api('GET', `/v1/deliveries/${delivery.id}`);
    return json.attempt_log[0]?.finished_at && json.next_attempt_at ? json : null;
  });
}

function waitSeconds({ next_attempt_at, attempt_log }: Delivery): number {
  return (Date.parse(next_attempt_at!) - Date.parse(attempt_log[0]!.finished_at)) / 1000;
}

test('the next attempt is due after the step of the schedule, with at most 20 % on top', async () => {
  const delivery = await failOnce(500, '/step');
  assert.equal(delivery.status, 'pending');
  assert.ok(waitSeconds(delivery) >= 999 && waitSeconds(delivery) <= 1201, `${waitSeconds(delivery)} s`);
});

test('Retry-After postpones it, up to the next step', async () => {
  const asked = await failOnce({ status: 503, headers: { 'retry-after': '1500' } }, '/asked');
  assert.ok(Math.abs(waitSeconds(asked) - 1500) < 2, `${waitSeconds(asked)} s`);
  const greedy = await failOnce({ status: 429, headers: { 'retry-after': '86400' } }, '/greedy');
  assert.ok(Math.abs(waitSeconds(greedy) - 2000) < 2, `${waitSeconds(greedy)} s`);
});

test('redelivering what is still pending sends it now', async () => {
  const delivery = await failOnce(500, '/pending');
  const { status, json } = await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  assert.equal(status, 202);
  assert.equal(json.id, delivery.id);
  const [first, second] = await receiver.received(2, '/pending');
  assert.ok(second!.body.equals(first!.body));
});

test('rotation takes effect at once: the next attempt is signed with the new secret alone', async () => {
  const old = (await service.api('GET', '/v1/me')).json.webhook_secret;
  const { id } = await failOnce(500, '/rotated');
  const { webhook_secret } = (await service.api('POST', '/v1/me/webhook-secret/rotate')).json;
  await service.api('POST', `/v1/deliveries/${id}/redeliver`);
  const [first, second] = await receiver.received(2, '/rotated');
  assertSigned(first!, old);
  assertSigned(second!, webhook_secret);
  assertNotSigned(second!, old);
  assert.ok(second!.body.equals(first!.body));
});

test('within an overlap both secrets sign, the previous one last; then only the new one', async () => {
  const old = (await service.api('GET', '/v1/me')).json.webhook_secret;
  const { webhook_secret } = (
    await service.api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 3600 })
  ).json;
  const { id } = await failOnce(500, '/overlap');
  const [during] = await receiver.received(1, '/overlap');
  assert.match(String(during!.headers['x-ollagraph-signature']), /^t=\d+,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  assert.match(String(during!.headers['webhook-signature']), /^v1,\S{44} v1,\S{44}$/);
  assertSigned(during!, webhook_secret);
  assertSigned(during!, old);
  assert.ok(isSignedForTheLastOne(during!, old));
  assert.ok(!isSignedForTheLastOne(during!, webhook_secret));

  const { id: account } = service.account;
  await service.db
    .updateTable('accounts')
    .set({ previous_secrets_until: [new Date(Date.now() - 1000)] })
    .where('id', '=', account)
    .execute();
  await service.api('POST', `/v1/deliveries/${id}/redeliver`);
  const [, afterwards] = await receiver.received(2, '/overlap');
  assertSigned(afterwards!, webhook_secret);
  assertNotSigned(afterwards!, old);
});

test('a second rotation within an overlap keeps all secrets; one without an overlap ends them', async () => {
  const rotate = async (body: object) =>
    (await service.api('POST', '/v1/me/webhook-secret/rotate', body)).json.webhook_secret;
  await rotate({});
  const oldest = (await service.api('GET', '/v1/me')).json.webhook_secret;
  const older = await rotate({ overlap_seconds: 3600 });
  const newest = await rotate({ overlap_seconds: 60 });
  await failOnce(500, '/twice');
  const [callback] = await receiver.received(1, '/twice');
  for (const secret of [newest, older, oldest]) assertSigned(callback!, secret);
  assert.ok(isSignedForTheLastOne(callback!, oldest));

  const only = await rotate({});
  await failOnce(500, '/once');
  const [later] = await receiver.received(1, '/once');
  assertSigned(later!, only);
  for (const secret of [newest, older, oldest]) assertNotSigned(later!, secret);
});

test('no more than eight earlier secrets sign', async () => {
  await service.api('POST', '/v1/me/webhook-secret/rotate');
  const statuses = [];
  for (let n = 0; n < 9; n++)
    statuses.push(
      (await service.api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 60 })).status,
    );
  assert.deepEqual(statuses, [...Array<number>(8).fill(200), 409]);
  assert.equal((await service.api('POST', '/v1/me/webhook-secret/rotate')).status, 200);
});

test('after a restart the retry carries the same bytes and the next number', async () => {
  const first = await startTestService(PATIENT);
  const { id } = await failOnce(500, '/restarted', first);
  await first.service.stop();
  const second = await startTestService({
    ...PATIENT,
    DATABASE_URL: first.context.databaseUrl,
    OLLAGRAPH_API_KEY: first.account.key,
  });
  try {
    assert.equal((await second.api('POST', `/v1/deliveries/${id}/redeliver`)).status, 202);
    const [original, repeated] = await receiver.received(2, '/restarted');
    assert.ok(repeated!.body.equals(original!.body));
    assert.equal(repeated!.headers['x-ollagraph-attempt'], '2');
    assert.equal(repeated!.headers['x-ollagraph-delivery'], original!.headers['x-ollagraph-delivery']);
  } finally {
    await second[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
  }
});

test('a claim whose process died falls due again when its lease ends', async () => {
  const { id } = await failOnce(500, '/died');
  await service.db
    .updateTable('outbox')
    .set({ status: 'sending', attempts: 2, next_attempt_at: new Date(Date.now() - 1000) })
    .where('id', '=', id)
    .execute();
  const [, again] = await receiver.received(2, '/died');
  assert.equal(again!.headers['x-ollagraph-attempt'], '3');
});
