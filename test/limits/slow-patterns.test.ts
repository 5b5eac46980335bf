import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

// Matching all links takes 90 s. The test's own timeout proves that nobody waits for it.
test('patterns that are slow to compare hold up no thread', { timeout: 45_000 }, async () => {
  const links = Array.from({ length: 200 }, (_, n) => `/${'a'.repeat(1990)}${n}`);
  await using site = await startSite({ '/': page('Home', 'Links.', links) });
  await using service = await startTestService();
  const include_paths = Array.from({ length: 100 }, (_, n) => `*${'a'.repeat(380 + n)}b`);
  const job_id = await service.api.queue('/v1/crawl', { url: site.url('/'), include_paths });
  const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/') });
  assert.equal(json.status, 'ok');
  const job = await service.api.finished(job_id);
  assert.deepEqual([job.status, job.succeeded], ['completed', 1]);
});
