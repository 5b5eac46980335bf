import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { holdSlice, type Slice } from '../../src/database/queue.ts';
import { failedBlock } from '../../src/scrape/page-block.ts';
import type { PageResult } from '../../src/jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../src/jobs/progress/settle.ts';
import { cancelJob } from '../../src/jobs/progress/cancel.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let site: Site;
/** Without a dispatcher: what is appended to the outbox stays there. */
let working: TestService;
/** Without a worker: pages settle when the test says so. */
let idle: TestService;
before(async () => {
  site = await startSite({ '/': page('Home', 'Hello.') });
  working = await startTestService({ ROLES: 'web,worker' });
  idle = await startTestService({ ROLES: 'web' });
});
after(async () => {
  await working[Symbol.asyncDispose]();
  await idle[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const HOOK = 'https://127.0.0.1:4443/hook';

test('the last page completes the job and appends its one delivery in the same transaction', async () => {
  const urls = [site.url('/'), 'http://127.0.0.1:1/', ...Array(70).fill(site.url('/'))];
  const job_id = await working.api.queue('/v1/scrape/batch/async', { urls, webhook_url: HOOK });
  const job = await working.api.finished(job_id);
  assert.equal(job.status, 'completed');
  assert.deepEqual([job.total, job.succeeded, job.failed, job.skipped, job.cancelled], [72, 71, 1, 0, 0]);
  const { rows } = await sql<{ together: boolean }>`
    select j.xmin = o.xmin as together from jobs j join outbox o on o.account_id = j.account_id and o.job_id = j.id
    where j.id = ${job_id}`.execute(working.db);
  assert.deepEqual(rows, [{ together: true }]);
  await assertBooksBalance(working.db);
});

test('a job without a page that came back fails, and is delivered too', async () => {
  const urls = ['http://127.0.0.1:1/', 'http://10.0.0.1/'];
  const { json } = await working.api('POST', '/v1/scrape/batch', { urls });
  assert.deepEqual([json.total, json.failed], [2, 2]);
  const job = await working.api.finished(
    await working.api.queue('/v1/scrape/async', { url: 'http://10.0.0.1/', webhook_url: HOOK }),
  );
  assert.deepEqual(
    [job.status, job.result.status, job.result.error.code],
    ['failed', 'failed', 'blocked_target'],
  );
  assert.equal(job.delivery.status, 'pending');
});

test('when the delivery cannot be appended the job does not end, and ends once it can', async () => {
  await sql`alter table outbox add constraint no_more check (false) not valid`.execute(working.db);
  const fetched = site.requests.length;
  const job_id = await working.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: HOOK });
  await eventually(() => site.requests.length > fetched);
  const { rows } = await eventually(async () => {
    const slices = await sql<{ retries: number }>`
      select retry_count as retries from ollagraph_queue.job where data->>'job_id' = ${job_id} and state = 'retry'`.execute(
      working.db,
    );
    return slices.rows.length > 0 && slices;
  });
  assert.equal(rows.length, 1);
  const { status, remaining } = (await working.api('GET', `/v1/jobs/${job_id}`)).json;
  assert.deepEqual([status, remaining], ['running', 1]);
  await sql`alter table outbox drop constraint no_more`.execute(working.db);
  const job = await working.api.finished(job_id);
  assert.deepEqual([job.status, job.succeeded], ['completed', 1]);
  await assertBooksBalance(working.db);
});

function failure(ordinal: number, url: string, durationMs: number): PageResult {
  const fetched_at = new Date();
  const fragment = failedBlock({
    url,
    finalUrl: null,
    httpStatus: null,
    contentType: null,
    status: 'failed',
    code: 'timeout',
    fetchedAt: fetched_at,
    durationMs,
  });
  return {
    ordinal,
    url,
    status: 'failed',
    fragment,
    http_status: null,
    error_code: 'timeout',
    duration_ms: durationMs,
    fetched_at,
    links: null,
    aliases: [],
    answered: null,
  };
}

async function settle(jobId: string, results: PageResult[]): Promise<boolean> {
  const { db, boss } = idle.context;
  return await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, idle.account.id, jobId);
    return job ? (await settlePages({ tx, boss }, job, results)) !== null : false;
  });
}

test('a page that several workers settle at once is settled by one of them, and counted once', async () => {
  const urls = Array.from({ length: 10 }, (_, n) => `https://example.com/${n}`);
  const job_id = await idle.api.queue('/v1/scrape/batch/async', { urls, webhook_url: HOOK });
  const ended = await Promise.all(
    Array.from({ length: 8 }, (_, worker) =>
      settle(
        job_id,
        urls.map((url, n) => failure(n, url, worker)),
      ),
    ),
  );
  assert.equal(ended.filter(Boolean).length, 1);
  const { json } = await idle.api('GET', `/v1/jobs/${job_id}`);
  assert.deepEqual([json.status, json.failed, json.remaining], ['failed', 10, 0]);
  const authors = new Set(json.result.pages.map((p: { duration_ms: number }) => p.duration_ms));
  assert.equal(authors.size, 1);
  const { text } = await idle.api('GET', `/v1/jobs/${job_id}`);
  await settle(job_id, [failure(0, urls[0]!, 99)]);
  assert.equal((await idle.api('GET', `/v1/jobs/${job_id}`)).text, text);
  assert.equal((await idle.api('GET', `/v1/deliveries?job_id=${job_id}`)).json.data.length, 1);
  await assertBooksBalance(idle.db);
});

test('settling a few pages of a large job reads only those, however little the planner knows', async () => {
  const urls = Array.from({ length: 2000 }, (_, n) => `https://example.com/large/${n}`);
  const job_id = await idle.api.queue('/v1/scrape/batch/async', { urls });
  const { db, boss } = idle.context;
  const results = urls.slice(500, 510).map((url, n) => failure(500 + n, url, 1));
  const read = await db.transaction().execute(async (tx) => {
    await settlePages({ tx, boss }, (await lockJob(tx, idle.account.id, job_id))!, results);
    const { rows } = await sql<{ tuples: number }>`
      select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::int as tuples
      from pg_stat_xact_user_tables where relname like 'pages\_2%'`.execute(tx);
    return rows[0]!.tuples;
  });
  assert.ok(read <= 100, `${read} rows of pages were read`);
  await cancelJob(idle.context, idle.account.id, job_id);
});

test('files are stored with the page whose block names them, once', async () => {
  const urls = ['https://example.com/a', 'https://example.com/b'];
  const job_id = await idle.api.queue('/v1/scrape/batch/async', { urls });
  const withFile = (ordinal: number, author: number): PageResult => ({
    ...failure(ordinal, urls[ordinal]!, author),
    files: [
      {
        name: `${ordinal}-page.pdf`,
        type: 'application/pdf',
        sha256: Buffer.alloc(32, author),
        content: Buffer.from(`file of ${author}`),
      },
    ],
  });
  await Promise.all([1, 2, 3, 4].map((author) => settle(job_id, [withFile(0, author)])));
  await cancelJob(idle.context, idle.account.id, job_id);
  await settle(job_id, [withFile(1, 5)]);
  const { json } = await idle.api('GET', `/v1/jobs/${job_id}/pages`);
  const { rows } = await sql<{ name: string; content: Buffer }>`
    select name, content from files where job_id = ${job_id}`.execute(idle.db);
  assert.deepEqual(
    rows.map(({ name, content }) => [name, content.toString()]),
    [['0-page.pdf', `file of ${json.data[0].duration_ms}`]],
  );
});

test('settling and cancelling at once: counts add up, and there is one delivery', async () => {
  for (let round = 0; round < 10; round++) {
    const urls = Array.from({ length: 6 }, (_, n) => `https://example.com/${n}`);
    const job_id = await idle.api.queue('/v1/scrape/batch/async', { urls, webhook_url: HOOK });
    await Promise.all([
      ...urls.map((url, n) => settle(job_id, [failure(n, url, 1)])),
      cancelJob(idle.context, idle.account.id, job_id),
      cancelJob(idle.context, idle.account.id, job_id),
    ]);
    const { json } = await idle.api('GET', `/v1/jobs/${job_id}`);
    assert.ok(['cancelled', 'failed'].includes(json.status));
    assert.equal(json.failed + json.cancelled, 6);
    assert.equal(json.result.pages.length, json.failed);
    assert.equal((await idle.api('GET', `/v1/deliveries?job_id=${job_id}`)).json.data.length, 1);
  }
  await assertBooksBalance(idle.db);
});

test('a second delivery for the same job is refused by the database', async () => {
  const job_id = await idle.api.queue('/v1/scrape/async', { url: 'https://example.com/', webhook_url: HOOK });
  await cancelJob(idle.context, idle.account.id, job_id);
  await assert.rejects(
    sql`insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job)
      select account_id, 'dlv_' || substr(id, 5, 12) || 'ffffffffffff', job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job
      from outbox where job_id = ${job_id}`.execute(idle.db),
    /outbox_job_once/,
  );
});

test('a slice whose worker lost it can no longer be completed with the old attempt', async () => {
  const { boss, db } = idle.context;
  const job_id = await idle.api.queue('/v1/scrape/async', { url: 'https://example.com/lost' });
  const first = await fetchSlice(job_id);
  await boss.fail('interactive', first);
  const second = await fetchSlice(job_id);
  assert.ok(second.retryCount > first.retryCount);
  const hold = async (entry: { id: string; retryCount: number }) =>
    await db
      .transaction()
      .execute(async (tx) => await holdSlice(boss, tx, { ...entry, lane: 'interactive' }, true));
  assert.equal(await hold(first), false);
  assert.equal(await hold(second), true);
  assert.equal(await hold(second), false);
});

async function fetchSlice(jobId: string) {
  return await eventually(async () => {
    const entries = await idle.context.boss.fetch<Slice>('interactive', { batchSize: 100 });
    return entries.find((entry) => entry.data.job_id === jobId);
  });
}
