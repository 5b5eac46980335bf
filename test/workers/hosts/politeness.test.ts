import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostClock } from '../../support/host-clock.ts';
import { startTestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

const DELAY_MS = 100;

test('two crawls of one host share its clock: every fetch of either takes a turn of its own', async () => {
  const paths = Array.from({ length: 6 }, (_, n) => `/${n}`);
  await using site = await startSite(
    Object.fromEntries(paths.map((path) => [path, page('Here', 'text', paths)])),
  );
  await using service = await startTestService({ WORKER_THREADS: '2' });
  const body = { url: site.url('/0'), sitemap: 'skip', delay_ms: DELAY_MS, max_pages: 6 };
  const jobs = await Promise.all([
    service.api.queue('/v1/crawl', body),
    service.api.queue('/v1/crawl', body),
  ]);
  for (const id of jobs) assert.equal((await service.api.finished(id)).succeeded, 6);
  const { created_at } = await service.db
    .selectFrom('jobs')
    .select('created_at')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirstOrThrow();
  assert.ok((await hostClock(service.db, site)) - created_at.getTime() >= 12 * DELAY_MS);
});

test('a host that asks for a pause is left alone by the pages that already waited for it', async () => {
  await using site = await startSite();
  const times: number[] = [];
  for (let n = 0; n < 10; n++) {
    site.routes.set(`/${n}`, (_req, res) => {
      times.push(performance.now());
      if (times.length === 1) res.writeHead(429, { 'retry-after': '1' }).end();
      else res.writeHead(200, { 'content-type': 'text/html' }).end(page('Here', 'text'));
    });
  }
  await using service = await startTestService({ HOST_CONCURRENCY: '1' });
  const urls = Array.from({ length: 10 }, (_, n) => site.url(`/${n}`));
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
  assert.equal(job.succeeded, 10);
  assert.equal(times.length, 11);
  // What the host asked for, but for the time that its own clock and ours may differ by in so short
  // a while.
  assert.ok(times[1]! - times[0]! >= 950, `asked again after ${times[1]! - times[0]!} ms`);
});

test("a caller's own delay binds that caller alone", async () => {
  const paths = ['/0', '/1', '/2'];
  await using site = await startSite(
    Object.fromEntries(paths.map((path) => [path, page('Here', 'text', paths)])),
  );
  await using service = await startTestService();
  const other = await service.createAccount();
  const body = { url: site.url('/0'), sitemap: 'skip', max_pages: 3 };
  const slow = await service.api.queue('/v1/crawl', { ...body, delay_ms: 60_000 });
  await eventually(() => site.requests.some(({ path }) => path === '/0'));
  const job = await other.api.finished(await other.api.queue('/v1/crawl', { ...body, delay_ms: 1 }));
  assert.equal(job.succeeded, 3);
  assert.equal((await service.api('GET', `/v1/jobs/${slow}`)).json.status, 'running');
});

test('a job is running from the moment its first page is taken', async () => {
  const held: (() => void)[] = [];
  await using site = await startSite({
    '/': (_req, res) =>
      void held.push(() => res.writeHead(200, { 'content-type': 'text/html' }).end(page('Late', 'text'))),
  });
  await using service = await startTestService();
  const id = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await eventually(() => held.length > 0);
  const { json } = await service.api('GET', `/v1/jobs/${id}`);
  assert.equal(json.status, 'running');
  assert.notEqual(json.started_at, null);
  for (const answer of held) answer();
  assert.equal((await service.api.finished(id)).status, 'completed');
});
