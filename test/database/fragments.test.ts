import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

test('a result has every page once, in order, whatever their sizes', async () => {
  await using site = await startSite();
  await using service = await startTestService({ HOST_CONCURRENCY: '64' });
  const large = new Set([0, 7, 8, 60]);
  const urls = Array.from({ length: 120 }, (_, n) => site.url(`/${n}`));
  for (const n of urls.keys())
    site.routes.set(`/${n}`, page('Page', `${n} `.repeat(large.has(n) ? 60_000 : 1)));
  const { result } = await service.api.finished(
    await service.api.queue('/v1/scrape/batch/async', { urls, format: 'text' }),
  );
  assert.deepEqual(
    result.pages.map((block: { url: string }) => block.url),
    urls,
  );
});
