import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createTestDatabase } from '../../support/database.ts';
import { startTestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';

const HOUR_MS = 3_600_000;

test('a lost slice comes back, even if the clock was set back meanwhile', async () => {
  await using database = await createTestDatabase();
  await using site = await startSite({ '/': page('Home', 'Words.') });
  let job: string;
  {
    await using alone = await startTestService({
      DATABASE_URL: database.url,
      ROLES: 'web',
      OLLAGRAPH_API_KEY: 'ok_test_key_of_the_clock',
    });
    job = await alone.api.queue('/v1/scrape/batch/async', { urls: [site.url('/')] });
    assert.equal((await alone.context.boss.fetch('bulk')).length, 1);
  }
  await using service = await startTestService({
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: 'ok_test_key_of_the_clock',
  });
  const now = Date.now.bind(Date);
  const stepped = mock.method(Date, 'now', () => now() - HOUR_MS);
  assert.equal((await service.api.finished(job)).succeeded, 1);
  stepped.mock.restore();
});
