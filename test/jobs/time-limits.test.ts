import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertBooksBalance } from '../support/ledger.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

// Side by side: both mostly wait.
void suite('limits in time', { concurrency: true }, () => {
  void test('a batch that is waited for is answered after 25 seconds; what is not done by then has failed and costs nothing', async () => {
    await using site = await startSite({ '/': page('Here', 'text') });
    await using stuck = await startSite();
    await using service = await startTestService();
    const before = (await service.api('GET', '/v1/me')).json;
    const hanging = Array.from({ length: 40 }, (_, n) => stuck.url(`/hang/${n}`));
    for (const url of hanging) stuck.routes.set(new URL(url).pathname, () => undefined);
    const body = { urls: [site.url('/'), ...hanging], timeout_ms: 20_000 };
    const started = performance.now();
    const { status, json } = await service.api('POST', '/v1/scrape/batch', body);
    const seconds = (performance.now() - started) / 1000;

    assert.equal(status, 200);
    assert.ok(seconds > 20 && seconds < 40, `${seconds} s`);
    assert.deepEqual([json.succeeded, json.failed], [1, 40]);
    const codes = new Set<string>(
      json.pages.slice(1).map((one: { error: { code: string } }) => one.error.code),
    );
    assert.deepEqual([...codes].toSorted(), ['deadline_exceeded', 'timeout']);
    const after = (await service.api('GET', '/v1/me')).json;
    assert.equal(before.credits - after.credits, 1);
    await assertBooksBalance(service.db);
  });

  void test('a page that takes too long to read fails alone with parse_timeout, and its thread is replaced', async () => {
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
});
