import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { append } from '../../src/webhooks/outbox/append.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { assertSigned, isSignedForTheLastOne } from '../support/checks/signatures.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { newDelivery } from '../webhooks/own-deliveries.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': page('Home', 'Hello.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const EPOCH = '1970-01-01T00:00:00Z';

/** A callback read from the API, in the form in which a receiver gets it. */
async function read(id: string) {
  const { status, json } = await service.api('GET', `/v1/callbacks/${id}`);
  assert.equal(status, 200);
  const body = Buffer.from(json.body, 'utf8');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(json.headers)) headers[name.toLowerCase()] = String(value);
  return { method: 'POST', path: '/', headers, body, bytes: body.length, at: Date.now() };
}

async function list(since = EPOCH): Promise<{ id: string; event: string; job_id: string | null }[]> {
  return (await service.api('GET', `/v1/callbacks?since=${since}&limit=1000`)).json.data;
}

/** What of a request's headers does not belong to the connection. */
function named(headers: object): string[] {
  return Object.keys(headers)
    .filter((name) => !['host', 'connection', 'content-length'].includes(name))
    .toSorted();
}

test('a callback reads as it was delivered: the same bytes and headers, signed anew', async () => {
  const urls: string[] = [];
  for (let n = 0; n < 40; n++) {
    site.routes.set(`/long-${n}`, page(`Long ${n}`, `Ünïcode "quoted" \\ 😀 ${'word '.repeat(700)}`));
    urls.push(site.url(`/long-${n}`));
  }
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls,
    webhook_url: receiver.url('/same'),
    webhook_headers: { 'X-Tenant': 'blue' },
    metadata: { b: [1.5, null], '2': 'zwei' },
  });
  const [arrived] = await receiver.received(1, '/same');
  const { delivery } = (await service.api.finished(job_id)) as { delivery: { id: string } };
  const shown = await read(delivery.id);
  assert.ok(shown.bytes > 128 * 1024, `${shown.bytes}`);
  assert.ok(shown.body.equals(arrived!.body));
  assert.deepEqual(named(shown.headers), named(arrived!.headers));
  for (const name of [
    'content-type',
    'user-agent',
    'x-tenant',
    'webhook-id',
    'x-ollagraph-delivery',
    'x-ollagraph-attempt',
  ])
    assert.equal(shown.headers[name], arrived!.headers[name], name);
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  assertSigned(shown, webhook_secret);
});

test('a job without webhook_url reads as it would be delivered, and nothing is sent', async () => {
  const sent = receiver.callbacks.length;
  const body = { url: site.url('/'), metadata: { b: 1, a: 'x' } };
  const job_id = await service.api.queue('/v1/scrape/async', body);
  await service.api.finished(job_id);
  const shown = await read(job_id);
  const twin = await service.api.queue('/v1/scrape/async', {
    ...body,
    max_age_seconds: 60,
    webhook_url: receiver.url('/twin'),
  });
  const [arrived] = await receiver.received(1, '/twin');
  assert.equal(shown.body.toString().replaceAll(job_id, twin), arrived!.body.toString());
  assert.deepEqual(named(shown.headers), named(arrived!.headers));
  assert.equal(shown.headers['webhook-id'], job_id);
  assert.match(shown.headers['x-ollagraph-delivery'] ?? '', /^dlv_[0-9a-f]{24}$/);
  assertSigned(shown, (await service.api('GET', '/v1/me')).json.webhook_secret);
  assert.equal(receiver.callbacks.length, sent + 1);
});

test('the list has every delivery and every ended job, oldest first, in adjoining pages', async () => {
  const since = new Date().toISOString();
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const open = await service.api.queue('/v1/scrape/async', { url: site.url('/held') });
  await service.api('POST', '/v1/scrape', { url: site.url('/') });
  await service.api('POST', '/v1/scrape/batch', { urls: [site.url('/')] });
  const plain = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(plain);
  const events = ['job.started', 'job.page', 'job.completed'];
  const hooked = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url('/all'),
    webhook_events: events,
  });
  await receiver.received(3, '/all');
  await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url('/tested') });
  const quiet = { url: site.url('/'), webhook_events: ['job.page'] };
  await service.api.finished(await service.api.queue('/v1/scrape/async', quiet));
  assert.equal((await service.api('GET', `/v1/callbacks/${open}`)).status, 404);
  await service.api('POST', `/v1/jobs/${open}/cancel`);
  held.open();

  const all = await eventually(async () => {
    const listed = await list(since);
    return listed.length === 6 && listed;
  });
  assert.deepEqual(
    new Set(all.map(({ job_id, event }) => `${job_id} ${event}`)),
    new Set([
      `${plain} job.completed`,
      `${open} job.completed`,
      'null test',
      ...events.map((event) => `${hooked} ${event}`),
    ]),
  );
  assert.deepEqual([all[0]!.id, all.at(-1)!.id], [plain, open]);
  for (const { id } of all) await read(id);

  const paged: unknown[] = [];
  for (let cursor = ''; ;) {
    const { json } = await service.api('GET', `/v1/callbacks?since=${since}&limit=1${cursor}`);
    paged.push(...json.data);
    if (json.next_cursor === null) break;
    cursor = `&cursor=${json.next_cursor}`;
  }
  assert.deepEqual(paged, all);
  for (const query of ['', `since=${since}&cursor=bm9uZQ`, `since=yesterday`, `since=${since}&limit=1001`])
    assert.equal((await service.api('GET', `/v1/callbacks?${query}`)).status, 422, query);
});

test('a cursor passes over no callback whose transaction commits late', async () => {
  const since = new Date().toISOString();
  const { db, account } = service;
  const url = receiver.url('/late');
  const begun = Promise.withResolvers<string[]>();
  const commit = Promise.withResolvers<void>();
  const late = db.transaction().execute(async (tx) => {
    begun.resolve(await append(tx, [newDelivery(account.id, url)]));
    await commit.promise;
  });
  const [first] = await begun.promise;
  const [second] = await db
    .transaction()
    .execute(async (tx) => await append(tx, [newDelivery(account.id, url)]));
  const early = await list(since);
  commit.resolve();
  await late;
  assert.deepEqual(early, [], 'an older one may still appear');
  await eventually(async () => (await list(since)).length === 2);
  const earlier = (await service.api('GET', `/v1/callbacks?since=${since}&limit=1`)).json;
  const next = (await service.api('GET', `/v1/callbacks?since=${since}&cursor=${earlier.next_cursor}`)).json;
  assert.deepEqual(
    [...earlier.data, ...next.data].map(({ id }) => id),
    [first, second],
  );
});

test('a callback whose pages are no longer kept is not shown in another form', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url('/gone'),
  });
  await receiver.received(1, '/gone');
  const { delivery } = await service.api.finished(job_id);
  // What it looked like is known once its attempt is recorded.
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'delivered',
  );
  await read(delivery.id);
  await service.db.deleteFrom('pages').where('job_id', '=', job_id).execute();
  assert.equal((await service.api('GET', `/v1/callbacks/${delivery.id}`)).status, 404);
});

test('during an overlap a callback is signed with both secrets, the previous one last', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(job_id);
  const previous = (await service.api('GET', '/v1/me')).json.webhook_secret;
  const now = (await service.api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 600 })).json
    .webhook_secret;
  const shown = await read(job_id);
  for (const secret of [previous, now]) assertSigned(shown, secret);
  assert.ok(isSignedForTheLastOne(shown, previous));
});
