import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { Reservation } from '../../src/webhooks/direct/reservation.ts';
import { appendInto } from '../../src/webhooks/direct/append-leased.ts';
import { Dispatcher } from '../../src/webhooks/dispatch/dispatcher.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { newDelivery } from './own-deliveries.ts';

let service: TestService;
let receiver: Receiver;
let site: Site;
before(async () => {
  service = await startTestService();
  receiver = await startReceiver();
  site = await startSite({ '/': page('Here', 'text') });
  await noteBirths(service);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Has the database note with which status each row of the outbox begins, and which are claimed. */
async function noteBirths({ db }: TestService): Promise<void> {
  await sql`create table steps (n serial, id text, step text)`.execute(db);
  await sql`create function note_step() returns trigger language plpgsql as $$
    begin insert into steps (id, step) values (new.id, tg_op || ' ' || new.status); return null; end $$`.execute(
    db,
  );
  await sql`create trigger note_step after insert or update on outbox for each row
    execute function note_step()`.execute(db);
}

async function stepsOf(id: string): Promise<string[]> {
  const { rows } = await sql<{ step: string }>`select step from steps where id = ${id} order by n`.execute(
    service.db,
  );
  return rows.map(({ step }) => step);
}

const delivered = (id: string) =>
  eventually(async () => {
    const { json } = await service.api('GET', `/v1/deliveries/${id}`);
    return json.status === 'delivered' ? json : null;
  });

async function deliveryOf(jobId: string): Promise<string> {
  const { json } = await service.api('GET', `/v1/deliveries?job_id=${jobId}`);
  return json.data[0].id;
}

/** Scrapes a page with a callback, and returns the id of the delivery. */
async function scrape(path = '/hook'): Promise<string> {
  const body = { url: site.url('/'), webhook_url: receiver.url(path) };
  const job = await service.api.queue('/v1/scrape/async', body);
  await service.api.finished(job);
  return await deliveryOf(job);
}

test("a job's callback is appended leased with its attempt begun, and needs neither claim nor notice", async () => {
  const notices: unknown[] = [];
  const unsubscribe = service.context.notifications.subscribe((n) => void notices.push(n.type));
  const id = await eventually(async () => {
    const one = await scrape();
    return (await stepsOf(one))[0] === 'INSERT sending' ? one : null;
  });
  const noticed = notices.filter((type) => type === 'outbox').length;
  const { attempts, attempt_log } = await delivered(id);
  assert.deepEqual(await stepsOf(id), ['INSERT sending']);
  assert.equal(attempts, 1);
  assert.equal(attempt_log.length, 1);
  const [{ started_at, finished_at, status_code }] = attempt_log;
  assert.equal(status_code, 200);
  assert.ok(Date.parse(started_at) <= Date.parse(finished_at));
  assert.equal(notices.filter((type) => type === 'outbox').length, noticed);
  unsubscribe();
  const seen = receiver.callbacks.filter(({ headers }) => headers['x-ollagraph-delivery'] === id);
  assert.deepEqual(
    seen.map(({ headers }) => headers['x-ollagraph-attempt']),
    ['1'],
  );
});

test('at a paused endpoint it waits like any other', async () => {
  const endpoint = new URL(receiver.origin).host;
  await service.api('POST', `/v1/endpoints/${endpoint}/pause`);
  const id = await scrape('/paused');
  assert.deepEqual(await stepsOf(id), ['INSERT waiting']);
  await service.api('POST', `/v1/endpoints/${endpoint}/resume`);
  assert.equal((await delivered(id)).attempts, 1);
});

test('a failed first attempt is retried on the schedule', async () => {
  await using own = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0,0' });
  receiver.answers.push(500);
  const body = { url: site.url('/'), webhook_url: receiver.url('/retried') };
  const job = await own.api.queue('/v1/scrape/async', body);
  const { attempts } = await eventually(async () => {
    const { json } = await own.api('GET', `/v1/deliveries?job_id=${job}`);
    return json.data[0]?.status === 'delivered' ? json.data[0] : null;
  });
  assert.equal(attempts, 2);
});

test('a job that announces its start and pages keeps their order: its end is claimed after them', async () => {
  const body = {
    url: site.url('/'),
    webhook_url: receiver.url('/events'),
    webhook_events: ['job.started', 'job.page', 'job.completed'],
  };
  const job = await service.api.queue('/v1/scrape/async', body);
  await receiver.received(3, '/events');
  const { rows } = await sql<{ id: string }>`select id from deliveries where job_id = ${job}
    union all select id from outbox where job_id = ${job}`.execute(service.db);
  for (const { id } of rows) assert.equal((await stepsOf(id))[0], 'INSERT waiting');
});

test('a test call and a redelivery are begun where they are asked for', async () => {
  const { json } = await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url('/test') });
  assert.deepEqual(await stepsOf(json.id), ['INSERT sending']);
  const { status } = await service.api('POST', `/v1/deliveries/${json.id}/redeliver`);
  assert.equal(status, 202);
  await receiver.received(2, '/test');
  const again = await eventually(async () => {
    const { json: read } = await service.api('GET', `/v1/deliveries/${json.id}`);
    return read.attempts === 2 && read.status === 'delivered' ? read : null;
  });
  assert.deepEqual(again.attempt_log.map((attempt: { trigger: string }) => attempt.trigger).toSorted(), [
    'manual',
    'test',
  ]);
  assert.deepEqual((await stepsOf(json.id)).slice(1), ['INSERT waiting', 'UPDATE sending']);
});

test('a transaction that fails gives its room back and leaves nothing; a stopped dispatcher has none', async () => {
  await using own = await startTestService({ ROLES: 'web' });
  const dispatcher = new Dispatcher(own.context, createSecretBox(undefined));
  const to = { account_id: own.account.id, webhook_url: receiver.url('/room'), urgent: false };
  assert.equal(dispatcher.room(to), null, 'nothing before it has looked at the outbox');
  dispatcher.start();
  const fail = async () => {
    using reservation = await Reservation.make(dispatcher, to);
    if (!reservation) return false;
    const failed = own.db.transaction().execute(async (tx) => {
      await appendInto(tx, reservation, newDelivery(own.account.id, to.webhook_url));
      throw new Error('on purpose');
    });
    await assert.rejects(failed, /on purpose/);
    return true;
  };
  await eventually(fail);
  for (let n = 0; n < 20; n++) assert.equal(await fail(), true);
  const { rows } =
    await sql`select id from outbox union all select delivery_id from admin.all_attempts`.execute(own.db);
  assert.deepEqual(rows, []);
  await dispatcher.stop(5000);
  assert.equal(dispatcher.room(to), null);
  assert.deepEqual(
    receiver.callbacks.filter(({ path }) => path === '/room'),
    [],
  );
});
