import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver } from '../../support/receiver.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite } from '../../support/site.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

const CHALLENGE = {
  status: 503,
  headers: { 'cf-mitigated': 'challenge' },
  body: '<title>One moment</title><p>Please wait.</p><a href="/cdn-cgi/help">Help</a>',
};

test('a block page says so, costs nothing, is not reused, and is not tried again', async () => {
  await using site = await startSite({ '/': CHALLENGE, '/page': page('Page', 'text') });
  const { api } = await service.createAccount({ credits: 10 });
  const body = { urls: [site.url('/'), site.url('/page')], max_age_seconds: 3600 };
  const job = await api.finished(await api.queue('/v1/scrape/batch/async', body));
  const [blocked, wanted] = job.result.pages;
  assert.deepEqual([blocked.status, blocked.http_status, wanted.block], ['ok', 503, null]);
  assert.deepEqual(blocked.block, {
    kind: 'challenge',
    vendor: 'cloudflare',
    evidence: 'header cf-mitigated challenge',
  });
  assert.deepEqual([job.succeeded, job.failed, job.blocked, job.result.blocked], [2, 0, 1, 1]);
  assert.equal((await api('GET', '/v1/me')).json.credits, 9);
  assert.equal(site.requests.length, 2);
  await api('POST', '/v1/scrape', { url: site.url('/'), max_age_seconds: 3600 });
  assert.ok(site.requests.length > 2);
});

test('a host that blocks pages in a row is left alone; the pages of others are read', async () => {
  await using blocking = await startSite({}, { fallback: { ...CHALLENGE, status: 403 } });
  await using site = await startSite({ '/': page('Page', 'text') });
  await using receiver = await startReceiver();
  const { api } = await service.createAccount({ credits: 1000 });
  const urls = Array.from({ length: 300 }, (_, n) => blocking.url(`/${n}`));
  const job = await api.finished(
    await api.queue('/v1/scrape/batch/async', {
      urls: [...urls, site.url('/')],
      webhook_url: receiver.url('/'),
      webhook_payload: 'summary',
    }),
  );
  // Those that were under way when the fifth was read are asked for, too.
  assert.ok(blocking.requests.length >= 5 && blocking.requests.length < 150, `${blocking.requests.length}`);
  const { pages } = job.result;
  assert.deepEqual([pages.at(-1).status, pages.at(-1).block], ['ok', null]);
  const left = pages.filter((p: { status: string }) => p.status === 'failed');
  assert.equal(left.length, 300 - blocking.requests.length);
  for (const { error, block } of left)
    assert.deepEqual([error.code, block.vendor], ['blocked_by_site', 'cloudflare']);
  assert.equal(job.blocked, 300);
  assert.equal((await api('GET', '/v1/me')).json.credits, 999);
  const [callback] = await receiver.received(1);
  assert.equal(JSON.parse(callback!.body.toString()).result.blocked, 300);

  // Another job tries by itself.
  const { json } = await api('POST', '/v1/scrape', { url: blocking.url('/') });
  assert.deepEqual([json.status, json.block.kind], ['ok', 'challenge']);
});

test('a crawl follows no link of a block page', async () => {
  await using site = await startSite({ '/': { ...CHALLENGE, status: 403 } });
  const job = await service.api.finished(await service.api.queue('/v1/crawl', { url: site.url('/') }));
  assert.deepEqual([job.total, job.blocked], [1, 1]);
});
