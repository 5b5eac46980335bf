import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService, type TestService } from '../support/service.ts';

/** Without a worker, so that what was created stays as it is. */
let service: TestService;
before(async () => {
  service = await startTestService({ ROLES: 'web' });
});
after(() => service[Symbol.asyncDispose]());

async function count(table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
    service.db,
  );
  return rows[0]!.n;
}
const TABLES = ['jobs', 'pages', 'ollagraph_queue.job', 'credit_entries', 'idempotency_keys'];
const counts = async () => await Promise.all(TABLES.map(count));

test('a job, its pages, its slices and its credit hold are created in one transaction', async () => {
  const urls = Array.from({ length: 60 }, (_, n) => `https://example.com/${n % 40}`);
  const { json } = await service.api('POST', '/v1/scrape/batch/async', { urls });
  const { rows } = await sql<{ transaction: string }>`
    select xmin::text as transaction from jobs where id = ${json.job_id}
    union select xmin::text from pages where job_id = ${json.job_id}
    union select xmin::text from credit_entries where job_id = ${json.job_id}
    union select xmin::text from ollagraph_queue.job where data->>'job_id' = ${json.job_id}`.execute(
    service.db,
  );
  assert.equal(rows.length, 1);
  const pages = await service.db
    .selectFrom('pages')
    .select('url')
    .where('job_id', '=', json.job_id)
    .orderBy('ordinal')
    .execute();
  assert.deepEqual(
    pages.map((p) => p.url),
    urls,
  );
  const { rows: slices } = await sql<{ ordinals: number[] }>`
    select array(select jsonb_array_elements_text(data->'ordinals')::int) as ordinals from ollagraph_queue.job
    where data->>'job_id' = ${json.job_id} order by priority desc`.execute(service.db);
  assert.deepEqual(
    slices.flatMap((s) => s.ordinals),
    urls.map((_, n) => n),
  );
  await assertBooksBalance(service.db);
});

test('when any part of the creation fails, nothing of it stays', async () => {
  const body = { urls: ['https://example.com/a', 'https://example.com/b'] };
  for (const [table, breaks] of [
    ['jobs', 'insert'],
    ['pages', 'insert'],
    ['ollagraph_queue.job_common', 'insert'],
    ['credit_entries', 'insert'],
  ] as const) {
    const target = table === 'ollagraph_queue.job_common' ? await sliceTable() : table;
    const earlier = await counts();
    await sql`create function pg_temp_fail() returns trigger language plpgsql as 'begin raise exception ''no''; end'`.execute(
      service.db,
    );
    await sql`create trigger fail before ${sql.raw(breaks)} on ${sql.table(target)} for each row execute function pg_temp_fail()`.execute(
      service.db,
    );
    try {
      const answer = await service.api('POST', '/v1/scrape/batch/async', body, {
        'idempotency-key': 'all or nothing',
      });
      assert.equal(answer.status, 500, `${target} took it`);
    } finally {
      await sql`drop function pg_temp_fail() cascade`.execute(service.db);
    }
    assert.deepEqual(await counts(), earlier, `a failure in ${target} left something behind`);
  }
  const answer = await service.api('POST', '/v1/scrape/batch/async', body, {
    'idempotency-key': 'all or nothing',
  });
  assert.equal(answer.status, 202);
  await assertBooksBalance(service.db);
});

/** pg-boss keeps a partitioned queue in a table of its own. */
async function sliceTable(): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from ollagraph_queue.job j join pg_class c on c.oid = j.tableoid where j.name = 'bulk' limit 1`.execute(
    service.db,
  );
  return `ollagraph_queue.${rows[0]!.name}`;
}

test('a refusal for want of credits leaves nothing behind', async () => {
  const poor = await service.createAccount({ credits: 2 });
  const earlier = await counts();
  const answer = await poor.api('POST', '/v1/scrape/batch/async', {
    urls: Array(3).fill('https://example.com/'),
  });
  assert.deepEqual([answer.status, answer.json.code], [402, 'out_of_credits']);
  assert.deepEqual(await counts(), earlier);
});

test('100,000 URLs in one request are accepted, and one more is refused', async () => {
  const urls = Array.from(
    { length: 100_000 },
    (_, n) => `https://example.com/catalogue/section-${n % 97}/item-${n}.html`,
  );
  const { status, json } = await service.api('POST', '/v1/scrape/batch/async', { urls });
  assert.equal(status, 202);
  const { rows } = await sql<{ pages: number; urls: number }>`
    select count(*) as pages, count(distinct url) as urls from pages where job_id = ${json.job_id}`.execute(
    service.db,
  );
  assert.deepEqual(rows[0], { pages: 100_000, urls: 100_000 });
  const job = (await service.api('GET', `/v1/jobs/${json.job_id}`)).json;
  assert.deepEqual([job.status, job.total, job.remaining], ['queued', 100_000, 100_000]);
  const { rows: slices } = await sql<{ pages: number }>`
    select sum(jsonb_array_length(data->'ordinals')) as pages from ollagraph_queue.job where data->>'job_id' = ${json.job_id}`.execute(
    service.db,
  );
  assert.equal(slices[0]!.pages, 100_000);
  const over = await service.api('POST', '/v1/scrape/batch/async', { urls: [...urls, urls[0]] });
  assert.deepEqual([over.status, over.json.errors[0].path], [422, 'urls']);
  await assertBooksBalance(service.db);
});

test('the database itself refuses counts that do not add up', async () => {
  const { json } = await service.api('POST', '/v1/scrape/async', { url: 'https://example.com/' });
  for (const change of [
    'succeeded = succeeded + 1',
    'remaining = remaining - 1',
    'total = total + 1',
    'failed = -1',
  ]) {
    await assert.rejects(
      sql`update jobs set ${sql.raw(change)} where id = ${json.job_id}`.execute(service.db),
      /violates check constraint/,
    );
  }
  await assert.rejects(
    sql`update jobs set status = 'completed', finished_at = now() where id = ${json.job_id}`.execute(
      service.db,
    ),
    /violates check constraint/,
  );
});

test('the options are kept with every default filled in', async () => {
  const { json } = await service.api('POST', '/v1/crawl', {
    url: 'https://example.com/',
    formats: ['text', 'text'],
  });
  const { options } = await service.db
    .selectFrom('jobs')
    .select('options')
    .where('id', '=', json.job_id)
    .executeTakeFirstOrThrow();
  assert.deepEqual(options, {
    formats: ['text'],
    only_main_content: true,
    include_selectors: [],
    exclude_selectors: [],
    fields: null,
    headers: {},
    timeout_ms: 20_000,
    cookies: [],
    session: null,
    proxy: null,
    max_age_seconds: 0,
    render: false,
    rendering: null,
    skip_tls_verification: false,
    max_concurrency: null,
    send_headers_to: 'origin',
    respect_robots: true,
    user_agent: null,
    url: 'https://example.com/',
    max_pages: 100,
    max_depth: null,
    include_paths: [],
    exclude_paths: [],
    allow_subdomains: false,
    ignore_query_parameters: false,
    respect_nofollow: true,
    respect_noindex: false,
    sitemap: 'include',
    delay_ms: 0,
  });
});
