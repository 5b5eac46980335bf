import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KnownLinks } from '../../src/jobs/progress/known-links.ts';
import type { PageResult } from '../../src/jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../src/jobs/progress/settle.ts';
import { startTestService, type TestService } from '../support/service.ts';

const SITE = 'https://example.com';

/** Without a worker: pages settle when the test says so. */
let service: TestService;
before(async () => (service = await startTestService({ ROLES: 'web' })));
after(async () => await service[Symbol.asyncDispose]());

/** A page of a crawl that has come back with these links. */
function pageWith(ordinal: number, links: string[]): PageResult {
  const url = `${SITE}/${ordinal}`;
  return {
    ordinal,
    url,
    status: 'ok',
    fragment: '{}',
    http_status: 200,
    error_code: null,
    duration_ms: 1,
    fetched_at: new Date(),
    links,
    aliases: [],
    answered: { url, contentType: 'text/html' },
  };
}

/** Settles a page as a worker does. Where `fails`, its transaction is rolled back. */
async function settle(known: KnownLinks, jobId: string, result: PageResult, fails = false): Promise<void> {
  const { db, boss } = service.context;
  const links = known.of(jobId);
  await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, service.account.id, jobId);
    await settlePages({ tx, boss, links }, job!, [result]);
    if (fails) throw new Error('on purpose');
  });
  links.keep();
}

async function urlsOf(jobId: string): Promise<string[]> {
  const pages = await service.db
    .selectFrom('pages')
    .select('url')
    .where('job_id', '=', jobId)
    .orderBy('ordinal')
    .execute();
  return pages.map(({ url }) => url);
}

const startCrawl = async () =>
  await service.api.queue('/v1/crawl', { url: `${SITE}/0`, max_pages: 10, sitemap: 'skip' });

test('links that are known are neither looked up nor queued again, in order as ever', async () => {
  const known = new KnownLinks();
  const job = await startCrawl();
  await settle(known, job, pageWith(0, [`${SITE}/a`, `${SITE}/b`]));
  assert.ok(known.of(job).has(`${SITE}/a`));
  await settle(known, job, pageWith(1, [`${SITE}/b`, `${SITE}/c`, `${SITE}/a`, `${SITE}/d`]));
  assert.deepEqual(
    await urlsOf(job),
    ['0', 'a', 'b', 'c', 'd'].map((name) => `${SITE}/${name}`),
  );
});

test('what a transaction found that failed is not known, and is found again', async () => {
  const known = new KnownLinks();
  const job = await startCrawl();
  await assert.rejects(settle(known, job, pageWith(0, [`${SITE}/a`]), true), /on purpose/);
  assert.equal(known.of(job).has(`${SITE}/a`), false);
  await settle(known, job, pageWith(0, [`${SITE}/a`]));
  assert.deepEqual(await urlsOf(job), [`${SITE}/0`, `${SITE}/a`]);
});

test('what one crawl knows says nothing of another', async () => {
  const known = new KnownLinks();
  const [first, second] = [await startCrawl(), await startCrawl()];
  await settle(known, first, pageWith(0, [`${SITE}/a`]));
  assert.equal(known.of(second).has(`${SITE}/a`), false);
  await settle(known, second, pageWith(0, [`${SITE}/a`]));
  assert.deepEqual(await urlsOf(second), [`${SITE}/0`, `${SITE}/a`]);
});
