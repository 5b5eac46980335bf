import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

test('a page that exceeds the memory of its reader fails alone, and its slice goes on', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  site.routes.set('/burst', '<i>x</i>'.repeat(1_250_000));
  await using service = await startTestService();
  const urls = Array.from({ length: 60 }, (_, n) => site.url(n === 10 ? '/burst' : '/'));
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
  assert.deepEqual([job.status, job.succeeded, job.failed], ['completed', 59, 1]);
  assert.equal(job.result.pages[10].error.code, 'too_large');
  await assertBooksBalance(service.db);
});

test('pages that burst their thread one after another cost the others of the batch no try', async () => {
  const bursting = 6;
  await using site = await startSite({ '/': page('Here', 'text') });
  await using service = await startTestService({ WORKER_THREADS: '1' });
  for (let n = 0; n < bursting; n++) site.routes.set(`/burst/${n}`, '<i>x</i>'.repeat(1_250_000));
  const urls = Array.from({ length: 60 }, (_, n) => site.url(n < bursting ? `/burst/${n}` : '/'));
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
  assert.deepEqual([job.status, job.succeeded, job.failed], ['completed', 60 - bursting, bursting]);
  for (const { error } of job.result.pages.slice(0, bursting)) assert.equal(error.code, 'too_large');
  await assertBooksBalance(service.db);
});

test('a page that takes too long to read fails alone with parse_timeout', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  site.routes.set('/endless', `<body>${'<i></i>'.repeat(300_000)}</body>`);
  await using service = await startTestService();
  const urls = Array.from({ length: 20 }, (_, n) => site.url(n === 7 ? '/endless' : '/'));
  const body = { urls, exclude_selectors: ['q ~ i'] };
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', body));
  assert.deepEqual([job.status, job.succeeded, job.failed], ['completed', 19, 1]);
  assert.equal(job.result.pages[7].error.code, 'parse_timeout');

  const after = await service.api('POST', '/v1/scrape', { url: site.url('/') });
  assert.equal(after.status, 200);
  await assertBooksBalance(service.db);
});
