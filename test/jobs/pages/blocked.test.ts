import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startReceiver } from '../../support/receiver.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Route } from '../../support/site.ts';

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

/** A challenge that only its body shows. */
const SCRIPTED = {
  body: '<title>One moment</title><script src="/.well-known/ddos-guard/js-challenge/x.js">',
};
/** A job leaves a host alone after so many block pages; its pages have so many places there. */
const IN_A_ROW = 5;
const PLACES = 6;

for (const [name, challenge] of Object.entries({ headers: { ...CHALLENGE, status: 403 }, body: SCRIPTED }))
  test(`a host whose ${name} block pages in a row is left alone; others are read`, async () => {
    await leavesAlone(challenge);
  });

async function leavesAlone(challenge: Route) {
  await using blocking = await startSite({}, { fallback: challenge });
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
  // Those that were under way when the last one was read are asked for, too.
  const asked = blocking.requests.length;
  assert.ok(asked >= IN_A_ROW && asked < IN_A_ROW + PLACES, `${asked}`);
  const { pages } = job.result;
  assert.deepEqual([pages.at(-1).status, pages.at(-1).block], ['ok', null]);
  const left = pages.filter((p: { status: string }) => p.status === 'failed');
  assert.equal(left.length, 300 - blocking.requests.length);
  for (const { error, block } of left)
    assert.deepEqual([error.code, block.kind], ['blocked_by_site', 'challenge']);
  assert.equal(job.blocked, 300);
  assert.equal((await api('GET', '/v1/me')).json.credits, 999);
  const [callback] = await receiver.received(1);
  assert.equal(JSON.parse(callback!.body.toString()).result.blocked, 300);

  // Another job tries by itself.
  const { json } = await api('POST', '/v1/scrape', { url: blocking.url('/') });
  assert.deepEqual([json.status, json.block.kind], ['ok', 'challenge']);
}

test('a crawl follows no link of a block page', async () => {
  await using site = await startSite({ '/': { ...CHALLENGE, status: 403 } });
  const job = await service.api.finished(await service.api.queue('/v1/crawl', { url: site.url('/') }));
  assert.deepEqual([job.total, job.blocked], [1, 1]);
});
