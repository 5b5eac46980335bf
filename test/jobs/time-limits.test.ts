import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

test('a synchronous batch answers after 25 seconds; unfinished pages fail and cost nothing', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  await using stuck = await startSite();
  await using service = await startTestService();
  const before = (await service.api('GET', '/v1/me')).json;
  const hanging = Array.from({ length: 40 }, (_, n) => stuck.url(`/hang/${n}`));
  for (const url of hanging) stuck.routes.set(new URL(url).pathname, () => undefined);
  const body = { urls: [site.url('/'), ...hanging], timeout_ms: 10_000 };
  const { status, json } = await service.api('POST', '/v1/scrape/batch', body);
  assert.equal(status, 200);
  assert.deepEqual([json.succeeded, json.failed], [1, 40]);
  const codes = new Set<string>(
    json.pages.slice(1).map((one: { error: { code: string } }) => one.error.code),
  );
  assert.deepEqual([...codes].toSorted(), ['deadline_exceeded', 'timeout']);
  const after = (await service.api('GET', '/v1/me')).json;
  assert.equal(before.credits - after.credits, 1);
  await assertBooksBalance(service.db);
});
