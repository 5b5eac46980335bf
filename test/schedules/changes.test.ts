import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { startReceiver } from '../support/receiver.ts';
import { gate, page as pageOf } from '../support/site.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { startChangingSite, type ChangingSite } from './origin.ts';

let service: TestService;
let api: TestService['api'];
before(async () => {
  service = await startTestService({ SCHEDULE_MIN_SECONDS: '1' });
  ({ api } = service);
});
after(() => service[Symbol.asyncDispose]());

/** A schedule that runs only when it is asked to. */
async function schedule(body: object): Promise<string> {
  const { status, text, json } = await api('POST', '/v1/schedules', {
    name: 'test',
    every_seconds: 86_400,
    ...body,
  });
  assert.equal(status, 201, text);
  return json.schedule_id;
}

/** Runs a schedule, and returns its job as it ended. */
async function run(id: string) {
  const { status, text, json } = await api('POST', `/v1/schedules/${id}/run`);
  assert.equal(status, 202, text);
  return await api.finished(json.job_id);
}

const bodyOf = ({ body }: { body: Buffer }) => JSON.parse(body.toString());
// oxlint-disable-next-line typescript/no-explicit-any -- the pages of a result
const byUrl = (pages: any[], url: string) => pages.find((page) => page.url === url);

test('a run delivers what was added, changed and removed, and nothing where nothing was', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
  await using receiver = await startReceiver();
  site.put('/', 'Home.', ['/a', '/b']);
  const id = await schedule({
    deliver: 'changes',
    diff: true,
    job: { kind: 'crawl', url: site.url('/'), webhook_url: receiver.url(), metadata: { a: 1 } },
  });

  const first = await run(id);
  assert.deepEqual(first.changes, { added: 3, changed: 0, removed: 0, unchanged: 0 });
  const second = await run(id);
  assert.deepEqual(second.changes, { added: 0, changed: 0, removed: 0, unchanged: 3 });
  assert.deepEqual(second.result.pages, []);
  assert.equal(second.delivery, null);
  assert.equal(site.counts.notModified, 3);

  site.put('/', 'Home.', ['/a', '/c']);
  site.put('/a', 'One, again.');
  site.put('/c', 'Three.');
  const third = await run(id);
  assert.deepEqual(third.changes, { added: 1, changed: 2, removed: 1, unchanged: 0 });
  assert.deepEqual(third.removed, [site.url('/b')]);
  const callbacks = await receiver.received(2);
  assert.equal(callbacks.length, 2);
  const body = bodyOf(callbacks[1]!);
  assert.deepEqual(
    [body.schedule_id, body.run, body.changes, body.removed, body.metadata, body.complete],
    [id, 3, third.changes, third.removed, { a: 1 }, true],
  );
  assert.deepEqual(body.result, third.result);
  const { result: _result, ...members } = body;
  assert.deepEqual(Object.keys(members), [
    'job_id',
    'status',
    'schedule_id',
    'run',
    'changes',
    'complete',
    'removed',
    'cut_short',
    'metadata',
  ]);
  const changed = byUrl(body.result.pages, site.url('/a'));
  const earlier = byUrl(bodyOf(callbacks[0]!).result.pages, site.url('/a'));
  assert.equal(changed.change, 'changed');
  assert.equal(changed.previous_sha256, earlier.sha256);
  assert.ok(changed.diff.startsWith('--- before\n+++ after\n@@ '), changed.diff);
  assert.match(changed.diff, /^-One\.$/m);
  assert.match(changed.diff, /^\+One, again\.$/m);
  assert.equal(byUrl(body.result.pages, site.url('/c')).change, 'added');
});

test('a page that is not changed is followed by the links that it had', async () => {
  await using site = await startChangingSite({ '/deep': 'Deep.' });
  site.put('/', 'Home.', ['/hub']);
  site.put('/hub', 'Hub.', ['/deep']);
  const id = await schedule({ deliver: 'changes', job: { kind: 'crawl', url: site.url('/') } });
  await run(id);
  site.put('/deep', 'Deeper.');
  const second = await run(id);
  assert.deepEqual(second.changes, { added: 0, changed: 1, removed: 0, unchanged: 2 });
  assert.equal(second.result.pages[0].url, site.url('/deep'));
});

test('a report names 1,000 pages that are gone, the run all of them', async () => {
  await using site = await startChangingSite({});
  await using receiver = await startReceiver();
  site.put('/', 'Home.');
  const job = { kind: 'batch', urls: [site.url('/')], webhook_url: receiver.url() };
  const id = await schedule({ deliver: 'changes', job });
  await run(id);
  await sql`
    insert into known_pages (account_id, schedule_id, url_hash, url, sha256, last_run, content_run)
    select ${service.account.id}, ${id}, sha256(n::text::bytea), 'https://gone.test/' || to_char(n, 'FM0000'), ''::bytea, 1, 1
    from generate_series(1, 1001) as n`.execute(service.db);
  const second = await run(id);
  assert.equal(second.changes.removed, 1001);
  const [, callback] = await receiver.received(2);
  for (const { removed, removed_truncated } of [second, bodyOf(callback!)]) {
    assert.deepEqual([removed.length, removed_truncated], [1000, true]);
    assert.deepEqual([removed[0], removed[999]], ['https://gone.test/0001', 'https://gone.test/1000']);
  }
  const { json } = await api('GET', `/v1/schedules/${id}/runs/2`);
  assert.deepEqual([json.run, json.changes, json.removed.length], [2, second.changes, 1001]);
  assert.equal(json.removed[1000], 'https://gone.test/1001');
  assert.deepEqual((await api('GET', `/v1/schedules/${id}/runs/1`)).json.removed, []);
  for (const none of ['3', '0', 'x', '1e9'])
    assert.equal((await api('GET', `/v1/schedules/${id}/runs/${none}`)).status, 404, none);
});

test('a run that misses pages reports none as removed', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.', '/c': 'Three.' });
  site.put('/', 'Home.', ['/a', '/b', '/c']);
  const id = await schedule({ deliver: 'changes', job: { kind: 'crawl', url: site.url('/') } });
  await run(id);

  // The hub of a site that fails in passing, and with it all that it leads to.
  site.routes.set('/', { status: 503, headers: { 'retry-after': '0' }, body: 'Later.' });
  const failed = await run(id);
  assert.deepEqual(failed.changes, { added: 0, changed: 0, removed: 0, unchanged: 3 });
  site.put('/', 'Home.', ['/a', '/b', '/c']);

  // Full before all of it was seen.
  const { json } = await api('PATCH', `/v1/schedules/${id}`, {
    job: { kind: 'crawl', url: site.url('/'), max_pages: 2 },
  });
  assert.equal(json.job.max_pages, 2);
  const full = await run(id);
  assert.deepEqual([full.changes.removed, full.complete], [0, false]);

  // Cancelled half-way.
  await api('PATCH', `/v1/schedules/${id}`, {
    job: { kind: 'crawl', url: site.url('/'), delay_ms: 60_000 },
  });
  const { json: started } = await api('POST', `/v1/schedules/${id}/run`);
  await api('POST', `/v1/jobs/${started.job_id}/cancel`);
  const cancelled = await api.finished(started.job_id);
  assert.deepEqual(
    [cancelled.status, cancelled.changes.removed, cancelled.complete],
    ['cancelled', 0, false],
  );

  await api('PATCH', `/v1/schedules/${id}`, { job: { kind: 'crawl', url: site.url('/') } });
  const whole = await run(id);
  assert.deepEqual(whole.changes, { added: 0, changed: 0, removed: 0, unchanged: 4 });
});

test('a page that never comes keeps no others from being removed', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
  const refused = { status: 403, headers: {}, body: 'No.' };
  const job = { kind: 'crawl', url: site.url('/') };
  const outcome = async () => {
    const { complete, removed } = await run(id);
    return { complete, removed };
  };
  site.put('/', 'Home.', ['/a', '/b', '/login', '/loop']);
  site.routes.set('/login', refused);
  site.routes.set('/loop', { status: 302, headers: { location: '/loop' }, body: '' });
  const id = await schedule({ deliver: 'changes', job });
  // Nothing is known yet of pages that their links may lead to.
  assert.deepEqual(await outcome(), { complete: false, removed: [] });
  site.put('/', 'Home.', ['/a', '/login', '/loop']);
  assert.deepEqual(await outcome(), { complete: true, removed: [site.url('/b')] });
  // A page that has just appeared may have taken over the links to others.
  site.put('/', 'Home.', ['/login', '/loop', '/hub']);
  site.routes.set('/hub', refused);
  assert.deepEqual(await outcome(), { complete: false, removed: [] });
  site.put('/hub', 'Hub.', ['/a']);
  assert.deepEqual(await outcome(), { complete: true, removed: [] });
});

const crawlOf = (site: ChangingSite) => ({ kind: 'crawl', url: site.url('/') });

test('what a changed job no longer looks at is not removed', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
  await using other = await startChangingSite({});
  site.put('/', 'Home.', ['/a']);
  other.put('/', 'Another home.');
  const batch = (...paths: string[]) => ({ kind: 'batch', urls: paths.map((path) => site.url(path)) });
  const id = await schedule({ deliver: 'changes', job: batch('/a', '/b') });
  await run(id);
  const outcomes = [];
  for (const job of [batch('/a'), batch('/a', '/b'), crawlOf(site), crawlOf(other)]) {
    assert.equal((await api('PATCH', `/v1/schedules/${id}`, { job })).status, 200);
    outcomes.push((await run(id)).changes);
  }
  assert.deepEqual(outcomes, [
    { added: 0, changed: 0, removed: 0, unchanged: 1 },
    { added: 1, changed: 0, removed: 0, unchanged: 1 },
    { added: 1, changed: 0, removed: 0, unchanged: 1 },
    { added: 1, changed: 0, removed: 0, unchanged: 0 },
  ]);
});

test('the first run after a change of the job begins anew, and the next one compares with it', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.', '/deep': 'Deep.' });
  site.put('/', 'Home.', ['/a', '/b']);
  site.put('/a', 'One.', ['/deep']);
  const id = await schedule({ deliver: 'changes', diff: true, job: crawlOf(site) });
  const outcomeOf = async (more?: object) => {
    if (more)
      assert.equal(
        (await api('PATCH', `/v1/schedules/${id}`, { job: { ...crawlOf(site), ...more } })).status,
        200,
      );
    const { changes, complete, removed } = await run(id);
    return [complete, changes.added, changes.changed, changes.unchanged, removed.length];
  };
  assert.deepEqual(await outcomeOf(), [true, 4, 0, 0, 0]);
  assert.deepEqual(await outcomeOf({ max_depth: 1 }), [true, 0, 0, 3, 0]);
  assert.deepEqual(await outcomeOf({ exclude_paths: ['/b'] }), [true, 1, 0, 2, 0]);
  // Another selection is another content, also of pages that have changed besides.
  const other = { exclude_paths: ['/b'], include_selectors: ['h1'] };
  site.put('/deep', 'Deeper.');
  assert.deepEqual(await outcomeOf(other), [true, 0, 0, 3, 0]);
  // What is not about the pages changes nothing.
  site.put('/a', 'One.');
  assert.deepEqual(await outcomeOf({ ...other, max_concurrency: 2 }), [true, 0, 0, 2, 1]);
  site.put('/', 'Home.');
  assert.deepEqual(await outcomeOf({ ...other, only_main_content: false }), [true, 0, 0, 1, 0]);
  assert.deepEqual(await outcomeOf(), [true, 0, 0, 1, 0]);
});

test('a change of the job while a run is under way leaves that run its own', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
  const batch = (...paths: string[]) => ({ kind: 'batch', urls: paths.map((path) => site.url(path)) });
  const id = await schedule({ deliver: 'changes', job: batch('/a', '/b') });
  await run(id);
  const held = gate(pageOf('Two', 'Two, again.'));
  site.routes.set('/b', held.route);
  const { json } = await api('POST', `/v1/schedules/${id}/run`);
  await held.entered;
  const job = { ...batch('/a'), include_selectors: ['h1'] };
  assert.equal((await api('PATCH', `/v1/schedules/${id}`, { job })).status, 200);
  held.open();
  assert.deepEqual((await api.finished(json.job_id)).changes, {
    added: 0,
    changed: 1,
    removed: 0,
    unchanged: 1,
  });
  assert.deepEqual((await run(id)).changes, { added: 0, changed: 0, removed: 0, unchanged: 1 });
  site.put('/a', 'Another.');
  assert.deepEqual((await run(id)).changes, { added: 0, changed: 0, removed: 0, unchanged: 1 });
});

test('a sitemap that never comes keeps no pages from being removed', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.', '/c': 'Three.' });
  const refused = { status: 403, headers: {}, body: 'No.' };
  const robots = (...names: string[]) =>
    site.routes.set('/robots.txt', {
      headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=0' },
      body: names.map((name) => `Sitemap: ${site.url(name)}\n`).join(''),
    });
  const outcome = async () => {
    const { complete, removed } = await run(id);
    return { complete, removed };
  };
  robots('/never.xml');
  site.routes.set('/never.xml', refused);
  site.put('/', 'Home.', ['/a', '/b', '/c']);
  const id = await schedule({ deliver: 'changes', job: crawlOf(site) });
  assert.deepEqual(await outcome(), { complete: false, removed: [] });
  site.put('/', 'Home.', ['/a', '/c']);
  assert.deepEqual(await outcome(), { complete: true, removed: [site.url('/b')] });
  // A page that takes over the links to another, and cannot be read.
  site.put('/', 'Home.', ['/c', '/hub']);
  site.routes.set('/hub', refused);
  assert.deepEqual(await outcome(), { complete: false, removed: [] });
  // It was gone before the hub failed for the second time.
  assert.deepEqual(await outcome(), { complete: true, removed: [] });
  site.routes.set('/never.xml', {
    headers: { 'content-type': 'application/xml' },
    body: `<urlset><url><loc>${site.url('/c')}</loc></url></urlset>`,
  });
  site.put('/hub', 'Hub.');
  assert.deepEqual(await outcome(), { complete: true, removed: [site.url('/a')] });
});

/** A page with a clock, which is no content. */
const html = (clock: string, price: string) =>
  `<html><body><p id="clock">${clock}</p><main><p class="price">${price}</p></main></body></html>`;

/** Metadata that JSON.parse would change. */
const metadata = (n: number) =>
  String.raw`{"2":820982911946154508,"10":1.0e2,"a":"\u00e9 \/","1":[-0,{"__x":${n}}]}`;

test('metadata comes back byte for byte, in the schedule, its jobs and their callbacks', async () => {
  await using site = await startChangingSite({ '/': 'Home.' });
  await using receiver = await startReceiver();
  const bodyWith = (n: number, more = '') =>
    `{${more} "job": { "kind":"scrape", "metadata" : ${metadata(n)},
      "url": "${site.url('/')}", "webhook_url": "${receiver.url()}" } }`;
  const created = await api('POST', '/v1/schedules', bodyWith(1, '"name":"m","every_seconds":86400,'));
  assert.equal(created.status, 201, created.text);
  const path = `/v1/schedules/${created.json.schedule_id}`;
  const changed = await api('PATCH', path, bodyWith(2));
  const renamed = await api('PATCH', path, { name: 'n' });
  for (const [n, { text }] of [created, changed, renamed, await api('GET', path)].entries())
    assert.ok(text.includes(`"metadata":${metadata(n === 0 ? 1 : 2)}}}`), text);
  const { job_id } = (await api('POST', `${path}/run`)).json;
  await api.finished(job_id);
  assert.ok((await api('GET', `/v1/jobs/${job_id}`)).text.includes(`"metadata":${metadata(2)}`));
  const [callback] = await receiver.received(1);
  assert.ok(callback!.body.toString().endsWith(`"metadata":${metadata(2)}}`));
});

const item = (price: string) => ({ body: `<h1>Rope</h1><b class="price">${price}</b>` });

test('the diff of a page whose content is its data is one of the data', async () => {
  await using site = await startChangingSite({});
  site.routes.set('/', item('5 €'));
  const fields = { price: { css: '.price' }, it: { css: 'h1' } };
  const job = { kind: 'scrape', url: site.url('/'), fields };
  const id = await schedule({ diff: true, job: { ...job, format: 'data' } });
  assert.equal((await run(id)).result.diff, undefined);
  site.routes.set('/', item('6 €'));
  assert.equal(
    (await run(id)).result.diff,
    [
      '--- before',
      '+++ after',
      '@@ -1,4 +1,4 @@',
      ' {',
      '   "it": "Rope",',
      '-  "price": "5 €"',
      '+  "price": "6 €"',
      ' }',
      '',
    ].join('\n'),
  );
  // What is compared has changed its kind: there is nothing to compare it with.
  await api('PATCH', `/v1/schedules/${id}`, { job: { kind: 'scrape', url: site.url('/') } });
  const { change, diff } = (await run(id)).result;
  assert.deepEqual([change, diff], ['unchanged', undefined]);
});

test('the selection decides what is content', async () => {
  await using site = await startChangingSite({});
  site.routes.set('/', { body: html('10:00', '5 €') });
  const jobs = [{ include_selectors: ['main'] }, { format: 'data', fields: { price: { css: '.price' } } }];
  const ids = await Promise.all(
    jobs.map((more) =>
      schedule({ deliver: 'changes', job: { kind: 'scrape', url: site.url('/'), ...more } }),
    ),
  );
  for (const id of ids) assert.equal((await run(id)).changes.added, 1);
  site.routes.set('/', { body: html('10:01', '5 €') });
  for (const id of ids) assert.equal((await run(id)).changes.unchanged, 1);
  site.routes.set('/', { body: html('10:02', '6 €') });
  for (const id of ids) {
    const { changes, result } = await run(id);
    assert.deepEqual([changes.changed, result.change], [1, 'changed']);
  }
});

test('a page that says that it is gone is removed, one that fails is not', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.', '/c': 'Three.' });
  await using receiver = await startReceiver();
  const urls = ['/a', '/b', '/c'].map((path) => site.url(path));
  const job = { kind: 'batch', urls, webhook_url: receiver.url() };
  const id = await schedule({ deliver: 'changes', job });
  await run(id);
  site.remove('/a');
  site.routes.set('/b', (_req, res) => void res.socket?.destroy());
  const second = await run(id);
  assert.deepEqual(second.changes, { added: 0, changed: 0, removed: 1, unchanged: 1 });
  assert.deepEqual(second.removed, [site.url('/a')]);
  assert.deepEqual(second.result.pages, []);
  assert.equal(second.failed, 1);
  site.put('/b', 'Two.');
  const third = await run(id);
  assert.deepEqual(third.changes, { added: 0, changed: 0, removed: 0, unchanged: 2 });
  assert.equal(third.delivery, null);
  assert.equal((await receiver.received(2)).length, 2);
});

test('with deliver: always every run has all pages whole, with what became of each', async () => {
  await using site = await startChangingSite({ '/a': 'One.', '/b': 'Two.' });
  await using receiver = await startReceiver();
  const urls = ['/a', '/b'].map((path) => site.url(path));
  const id = await schedule({ job: { kind: 'batch', urls, webhook_url: receiver.url() } });
  await run(id);
  site.put('/b', 'Two, again.');
  await run(id);
  const [, second] = await receiver.received(2);
  const { result, changes } = bodyOf(second!);
  assert.deepEqual(changes, { added: 0, changed: 1, removed: 0, unchanged: 1 });
  assert.deepEqual(
    result.pages.map(({ change, markdown }: { change: string; markdown: string }) => [
      change,
      markdown.includes('again'),
    ]),
    [
      ['unchanged', false],
      ['changed', true],
    ],
  );
  assert.ok(result.pages[0].markdown.includes('One.'));
});
