import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/': page('Home', 'Hello.', ['/a', '/b', '/c']),
    '/a': page('A', 'a'),
    '/b': page('B', 'b'),
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

async function ledger(accountId: string): Promise<[string, number][]> {
  const { rows } = await sql<{ kind: string; amount: number }>`
    select kind, amount from credit_entries where account_id = ${accountId} order by id`.execute(service.db);
  return rows.map(({ kind, amount }) => [kind, amount]);
}

test('a page that came back costs one credit, whatever it said; one that did not costs none', async () => {
  const { api, id } = await service.createAccount({ credits: 10 });
  const urls = [site.url('/'), site.url('/missing'), 'http://127.0.0.1:1/', 'http://10.0.0.1/'];
  const { json } = await api('POST', '/v1/scrape/batch', { urls });
  assert.deepEqual([json.succeeded, json.failed], [2, 2]);
  assert.equal((await api('GET', '/v1/me')).json.credits, 8);
  assert.deepEqual(await ledger(id), [
    ['grant', 10],
    ['reserve', -4],
    ['release', 2],
  ]);
});

test('402 says how many credits are missing, and the last credit can be used', async () => {
  const { api } = await service.createAccount({ credits: 2 });
  const url = site.url('/');
  for (const [path, body] of [
    ['/v1/scrape/batch', { urls: [url, url, url] }],
    ['/v1/scrape/batch/async', { urls: [url, url, url] }],
    ['/v1/crawl', { url, max_pages: 3 }],
  ] as const) {
    const answer = await api('POST', path, body);
    assert.deepEqual([answer.status, answer.json.code], [402, 'out_of_credits']);
    assert.match(answer.json.detail, /3 credits/);
  }
  assert.equal((await api('POST', '/v1/scrape/batch', { urls: [url, url] })).status, 200);
  assert.equal((await api('POST', '/v1/scrape', { url })).status, 402);
  assert.equal((await api('GET', '/v1/me')).json.credits, 0);
});

test('a crawl holds max_pages and gives back what it did not find', async () => {
  const { api, id } = await service.createAccount({ credits: 50 });
  const held = gate(page('C', 'c'));
  site.routes.set('/c', held.route);
  const job_id = await api.queue('/v1/crawl', { url: site.url('/'), max_pages: 50, sitemap: 'skip' });
  await held.entered;
  assert.equal((await api('GET', '/v1/me')).json.credits, 0);
  held.open();
  const job = await api.finished(job_id);
  assert.equal(job.succeeded, 4);
  assert.equal((await api('GET', '/v1/me')).json.credits, 46);
  assert.deepEqual(await ledger(id), [
    ['grant', 50],
    ['reserve', -50],
    ['release', 46],
  ]);
});

test('a cancelled job costs what was done, and gives the rest back', async () => {
  const { api } = await service.createAccount({ credits: 5 });
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await api.queue('/v1/scrape/async', { url: site.url('/held') });
  await held.entered;
  assert.equal((await api('GET', '/v1/me')).json.credits, 4);
  await api('POST', `/v1/jobs/${job_id}/cancel`);
  assert.equal((await api('GET', '/v1/me')).json.credits, 5);
  held.open();
});

test('many requests at once cannot use a credit twice', async () => {
  const { api } = await service.createAccount({ credits: 7 });
  const answers = await Promise.all(
    Array.from({ length: 25 }, () => api('POST', '/v1/scrape/async', { url: site.url('/') })),
  );
  assert.equal(answers.filter((a) => a.status === 202).length, 7);
  assert.equal(answers.filter((a) => a.status === 402).length, 18);
  for (const { json } of answers.filter((a) => a.status === 202)) await api.finished(json.job_id);
  assert.equal((await api('GET', '/v1/me')).json.credits, 0);
  await assertBooksBalance(service.db);
});
