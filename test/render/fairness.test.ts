import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { hostClock } from '../support/host-clock.ts';
import { startTestService } from '../support/service.ts';
import { gate, page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const PAGES = 8;
/** A page waits for its host for half a minute at most. */
const DELAY_S = 28;
const TEXT = page('There', 'A page of the shop, with words enough to be read by those who come for them.');

test(
  'a page of another account comes next in the browser, not after a batch',
  { skip: noBrowser },
  async () => {
    const first = gate(TEXT);
    await using site = await startSite({ '/batch/0': first.route }, { fallback: TEXT });
    await using service = await startTestService({ CHROMIUM_PATH: CHROMIUM, RENDER_CONCURRENCY: '1' });
    const { api: other } = await service.createAccount();
    const urls = Array.from({ length: PAGES }, (_, n) => site.url(`/batch/${n}`));
    const options = { render: true, respect_robots: false, timeout_ms: 60_000 };

    const batch = await service.api.queue('/v1/scrape/batch/async', { ...options, urls });
    await first.entered;
    const jobs = [
      await other.queue('/v1/scrape/async', { ...options, url: site.url('/other/single') }),
      await other.queue('/v1/scrape/batch/async', { ...options, urls: [site.url('/other/batch')] }),
    ];
    for (const job of jobs)
      await eventually(async () => (await other('GET', `/v1/jobs/${job}`)).json.status === 'running');
    first.open();
    for (const job of jobs) assert.equal((await other.finished(job)).status, 'completed');

    // One more page of the batch may have been in the line before them.
    const order = site.requests.map(({ path }) => path).filter((path) => /batch\/\d|other/.test(path));
    const before = order.slice(
      0,
      order.findLastIndex((path) => path.startsWith('/other')),
    );
    const pagesBefore = before.filter((path) => path.startsWith('/batch'));
    assert.ok(pagesBefore.length <= 3, `the batch had ${order.join(' ')}`);
    await service.api('POST', `/v1/jobs/${batch}/cancel`);
  },
);

test('a page that waits for its host holds no place in the browser', { skip: noBrowser }, async () => {
  const robots = {
    headers: { 'content-type': 'text/plain' },
    body: `User-agent: *\nCrawl-delay: ${DELAY_S}`,
  };
  await using slow = await startSite({ '/robots.txt': robots }, { fallback: TEXT });
  await using quick = await startSite({}, { fallback: TEXT });
  await using service = await startTestService({ CHROMIUM_PATH: CHROMIUM, RENDER_CONCURRENCY: '1' });
  const { api: second } = await service.createAccount();
  const { api: other } = await service.createAccount();
  const options = { render: true, respect_robots: true, timeout_ms: 60_000 };

  // Of two accounts, which take turns.
  const waiting = await Promise.all(
    [service.api, second].map(async (api, n) => ({
      api,
      job: await api.queue('/v1/scrape/batch/async', { ...options, urls: [slow.url(`/${n}`)] }),
    })),
  );
  // Both turns have been taken: one page has its own, and the other waits for it.
  await eventually(async () => (await hostClock(service.db, slow)) > Date.now() + DELAY_S * 1000);
  const quickly = await other.queue('/v1/scrape/async', { ...options, url: quick.url('/') });
  assert.equal((await other.finished(quickly)).status, 'completed');
  assert.equal(slow.requests.filter(({ path }) => /\d/.test(path)).length, 1);
  for (const { api, job } of waiting) await api('POST', `/v1/jobs/${job}/cancel`);
});
