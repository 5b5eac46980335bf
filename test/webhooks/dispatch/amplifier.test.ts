import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { PageResult } from '../../../src/jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../../src/jobs/progress/settle.ts';
import { startDns } from '../../support/net/dns.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { eventually } from '../../support/wait.ts';
import { deliverTo, WITHOUT_WORKERS } from '../own-deliveries.ts';

interface PageEvent {
  event?: string;
  job_id: string;
  page_index?: number;
  page?: { status: string };
  pages?: { page_index: number; page: { status: string } }[];
}
const bodies = ({ callbacks }: Receiver): PageEvent[] =>
  callbacks.map(({ body }) => JSON.parse(body.toString()) as PageEvent);
/** The pages that events told of, by index. */
const told = (receiver: Receiver): number[] =>
  bodies(receiver)
    .flatMap(({ page_index, pages }) => pages?.map((one) => one.page_index) ?? page_index ?? [])
    .toSorted((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

/**
 * Queues a batch with page events, of which no worker knows: its pages settle as the test says,
 * some at a time.
 */
async function settleBatch(
  service: TestService,
  webhook_url: string,
  statuses: ('ok' | 'failed')[],
): Promise<string> {
  const urls = statuses.map((_, n) => `https://example.com/${n}`);
  const events = { webhook_url, webhook_events: ['job.page'], metadata: { order: 7 } };
  const id = await service.api.queue('/v1/scrape/batch/async', { urls, ...events });
  const results = statuses.map((status, ordinal) => resultOf(ordinal, status));
  while (results.length > 0) {
    const some = results.splice(0, 10);
    await service.db.transaction().execute(async (tx) => {
      const job = await lockJob(tx, service.account.id, id);
      await settlePages({ tx, boss: service.context.boss }, job!, some);
    });
  }
  return id;
}

function resultOf(ordinal: number, status: 'ok' | 'failed', text?: string): PageResult {
  const url = `https://example.com/${ordinal}`;
  const fetched_at = new Date();
  return {
    ordinal,
    url,
    status,
    fragment: JSON.stringify({ url, status, text }),
    http_status: null,
    error_code: null,
    duration_ms: 1,
    fetched_at,
    links: null,
    aliases: [],
    answered: null,
  };
}

test('after twenty free pages of a job further ones share deliveries, and none is left out', async () => {
  await using service = await startTestService(WITHOUT_WORKERS);
  await using receiver = await startReceiver();
  const job = await settleBatch(service, receiver.url(), Array<'failed'>(300).fill('failed'));
  await eventually(() => told(receiver).length >= 300);
  assert.deepEqual(told(receiver), upTo(300));
  const events = Map.groupBy(bodies(receiver), ({ event }) => event);
  assert.equal(events.get('job.page')?.length, 20);
  const shared = events.get('job.pages') ?? [];
  assert.ok(shared.length < 28, `${shared.length} deliveries for 28 transactions`);
  assert.deepEqual(Object.keys(shared[0]!), ['event', 'job_id', 'pages', 'metadata']);
  assert.equal(shared[0]!.job_id, job);
  assert.deepEqual(shared[0]!.pages![0]!.page, { url: 'https://example.com/20', status: 'failed' });
});

test('every page that costs a credit has a delivery of its own', async () => {
  await using service = await startTestService(WITHOUT_WORKERS);
  await using receiver = await startReceiver();
  await settleBatch(
    service,
    receiver.url(),
    upTo(100).map((n) => (n % 2 === 0 ? 'ok' : 'failed')),
  );
  await eventually(() => told(receiver).length >= 100);
  const ok = bodies(receiver).filter((body) => body.page?.status === 'ok');
  assert.deepEqual([ok.length, told(receiver)], [50, upTo(100)]);
});

test('a host that never answered with a 2xx is sent a hundred requests and then a few a second', async () => {
  await using service = await startTestService(WITHOUT_WORKERS);
  await using receiver = await startReceiver();
  receiver.answer = 404;
  const began = performance.now();
  await deliverTo(
    service,
    upTo(400).map((n) => receiver.url(`/victim/${n}`)),
  );
  await receiver.received(100);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(receiver.callbacks.length <= 101 + 2 * seconds, `${receiver.callbacks.length} in ${seconds} s`);
  receiver.answer = 200;
  await receiver.received(400);
});

test('many names of one address are together sent no more than one', async () => {
  const names = upTo(40).map((n) => `n${n}.example.test`);
  await using dns = await startDns(Object.fromEntries(names.map((name) => [name, { a: ['127.0.0.1'] }])));
  await using service = await startTestService({ ...WITHOUT_WORKERS, DNS_SERVERS: dns.server });
  await using receiver = await startReceiver();
  receiver.answer = 404;
  const { port } = new URL(receiver.origin);
  const began = performance.now();
  await deliverTo(
    service,
    upTo(400).map((n) => `https://${names[n % 40]}:${port}/victim/${n}`),
  );
  await receiver.received(100);
  await service.api('GET', '/v1/deliveries'); // whatever else was claimed has been refused by then
  const seconds = (performance.now() - began) / 1000;
  assert.ok(receiver.callbacks.length <= 101 + 2 * seconds, `${receiver.callbacks.length} in ${seconds} s`);
  // A claim counts an attempt, and a refusal takes it back when the delivery is given back.
  await eventually(async () => {
    const { rows } = await sql<{ unsent: number }>`
      select count(*) filter (where attempts = 0) as unsent from outbox`.execute(service.db);
    return rows[0]!.unsent > 100;
  });
});

test('a large callback waits for a minute at most, which next_attempt_at tells', async () => {
  await using service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_RETRY_SCHEDULE: '0' });
  await using receiver = await startReceiver();
  receiver.answer = 500;
  const job = await settleLarge(service, receiver.url());
  const waiting = await eventually(async () => {
    const [delivery] = (await service.api('GET', `/v1/deliveries?job_id=${job}`)).json.data;
    const wait = new Date(delivery.next_attempt_at).getTime() - Date.now();
    return delivery.status === 'pending' && wait > 5000 ? { delivery, wait } : null;
  });
  assert.ok(waiting.wait <= 61_000, `${waiting.wait} ms`);
  assert.deepEqual([waiting.delivery.attempts, waiting.delivery.last_status], [1, 500]);
});

test('a receiver that accepted a test call gets large callbacks by their schedule', async () => {
  await using service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_RETRY_SCHEDULE: '0' });
  await using receiver = await startReceiver();
  await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url() });
  receiver.answer = 500;
  const job = await settleLarge(service, receiver.url());
  await receiver.received(3);
  await eventually(async () => {
    const [delivery] = (await service.api('GET', `/v1/deliveries?job_id=${job}`)).json.data;
    return delivery.status === 'exhausted' && delivery.attempts === 2;
  });
});

/**
 * Settles a job of a page so large that its callback overdraws what an unknown host may be sent.
 */
async function settleLarge(service: TestService, webhook_url: string): Promise<string> {
  const id = await service.api.queue('/v1/scrape/batch/async', {
    urls: ['https://example.com/0'],
    webhook_url,
  });
  await service.db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, service.account.id, id);
    await settlePages({ tx, boss: service.context.boss }, job!, [resultOf(0, 'ok', 'é'.repeat(3_000_000))]);
  });
  return id;
}
