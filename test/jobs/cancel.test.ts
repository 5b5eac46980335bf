import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { failPending } from '../../src/jobs/progress/cancel.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

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

async function openSlices({ db, account }: TestService): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from ollagraph_queue.job
    where state < 'completed' and data ->> 'account_id' = ${account.id}`.execute(db);
  return rows[0]!.n;
}

test('cancelling keeps what was done, stops the rest, and delivers once with status cancelled', async () => {
  const held = gate(page('Held', 'text'));
  await using slow = await startSite();
  for (let n = 0; n < 120; n++)
    (n < 30 ? site : slow).routes.set(`/${n}`, n < 30 ? page(`Page ${n}`, 'text') : held.route);
  const urls = Array.from({ length: 120 }, (_, n) => (n < 30 ? site : slow).url(`/${n}`));
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls,
    webhook_url: receiver.url('/batch'),
  });
  await held.entered;
  await eventually(async () => (await service.api('GET', `/v1/jobs/${job_id}`)).json.succeeded >= 25);
  const { status, json } = await service.api('POST', `/v1/jobs/${job_id}/cancel`);
  assert.equal(status, 200);
  assert.equal(json.status, 'cancelled');
  assert.equal(json.succeeded + json.cancelled, 120);
  assert.ok(json.succeeded >= 25 && json.cancelled >= 90, `${json.succeeded} and ${json.cancelled}`);
  held.open();

  const [callback] = await receiver.received(1, '/batch');
  const body = JSON.parse(callback!.body.toString());
  assert.deepEqual(Object.keys(body), ['job_id', 'status', 'result', 'cut_short']);
  assert.equal(body.status, 'cancelled');
  assert.equal(body.result.pages.length, json.succeeded);
  assert.equal(body.result.cancelled, json.cancelled);
  const job = (await service.api('GET', `/v1/jobs/${job_id}`)).json;
  assert.deepEqual(job.result, body.result);

  // Once the workers know, whatever was under way is not settled any more, and nothing new is
  // fetched.
  await eventually(async () => (await openSlices(service)) === 0);
  const fetched = slow.requests.length;
  await service.api('POST', '/v1/scrape/batch', { urls: [site.url('/')] });
  assert.equal(slow.requests.length, fetched);
  assert.equal(receiver.callbacks.length, 1);
  await assertBooksBalance(service.db);
});

test('a cancelled single page has a block that says so, as result and in the callback', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/held'),
    webhook_url: receiver.url('/single'),
  });
  await held.entered;
  await service.api('POST', `/v1/jobs/${job_id}/cancel`);
  held.open();
  const [callback] = await receiver.received(1, '/single');
  const { status, result } = JSON.parse(callback!.body.toString());
  assert.deepEqual([status, result.status, result.error.code], ['cancelled', 'cancelled', 'cancelled']);
  assert.deepEqual((await service.api('GET', `/v1/jobs/${job_id}`)).json.result, result);
  const { data } = (await service.api('GET', `/v1/jobs/${job_id}/pages`)).json;
  assert.deepEqual(data, [result]);
});

test('a crawl that is cancelled queues nothing more', async () => {
  const held = gate(page('Next', 'text', ['/after-1', '/after-2']));
  site.routes.set('/start', page('Start', 'text', ['/next']));
  site.routes.set('/next', held.route);
  const body = { url: site.url('/start'), sitemap: 'skip', webhook_url: receiver.url('/crawl') };
  const job_id = await service.api.queue('/v1/crawl', body);
  await held.entered;
  await service.api('POST', `/v1/jobs/${job_id}/cancel`);
  held.open();
  const [callback] = await receiver.received(1, '/crawl');
  const { result } = JSON.parse(callback!.body.toString());
  assert.deepEqual([result.total, result.succeeded, result.cancelled], [2, 1, 1]);
  assert.ok(!site.requests.some((r) => r.path.startsWith('/after')));
  await assertBooksBalance(service.db);
});

test('the log has the end of cancelled and failed jobs under the request that created them', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/logged', held.route);
  const [cancelled, late] = await Promise.all(
    ['request-one', 'request-two'].map((request_id) =>
      service.api.queue('/v1/scrape/async', { url: site.url('/logged') }, { 'x-request-id': request_id }),
    ),
  );
  await service.api('POST', `/v1/jobs/${cancelled}/cancel`);
  await service.api('POST', `/v1/jobs/${cancelled}/cancel`);
  await failPending(service.context, service.account.id, late!, { code: 'deadline_exceeded' });
  await failPending(service.context, service.account.id, late!, { code: 'deadline_exceeded' });
  held.open();
  const ends = service.logs.filter(
    ({ msg, job_id }) => msg === 'job ended' && [cancelled, late].includes(String(job_id)),
  );
  assert.deepEqual(
    ends.map(({ job_id, request_id }) => [job_id, request_id]),
    [
      [cancelled, 'request-one'],
      [late, 'request-two'],
    ],
  );
});

test('a caller that hangs up cancels what is not done, unless it can ask for it again', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/hang-up', held.route);
  const url = site.url('/hang-up');
  const post = async (headers: Record<string, string>) => {
    const gone = new AbortController();
    const answer = fetch(`${service.api.origin}/v1/scrape/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.account.key}`, ...headers },
      body: JSON.stringify({ urls: [site.url('/'), url] }),
      signal: gone.signal,
    });
    const { jobs } = await eventually(async () => {
      const { data } = (await service.api('GET', '/v1/jobs?limit=1')).json;
      return data[0]?.succeeded === 1 && data[0].remaining === 1 ? { jobs: data } : null;
    });
    gone.abort();
    await assert.rejects(answer);
    return jobs[0].job_id as string;
  };
  const job = await service.api.finished(await post({}));
  assert.deepEqual([job.status, job.succeeded, job.cancelled], ['cancelled', 1, 1]);
  const kept = await post({ 'idempotency-key': 'hang up' });
  held.open();
  assert.equal((await service.api.finished(kept)).status, 'completed');
});
