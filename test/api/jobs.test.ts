import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKey, revokeKey } from '../../src/accounts/keys/keys.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/': page('Home', 'Hello.', ['/a', '/b']),
    '/a': page('A', 'a'),
    '/b': page('B', 'b'),
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

test('a job shows its status and counts, and once ended the result of the synchronous way', async () => {
  const body = { url: site.url('/'), metadata: { order: 66, tags: ['x', null] } };
  const job_id = await service.api.queue('/v1/scrape/async', body);
  const { json } = await service.api('GET', `/v1/jobs/${job_id}?wait=20`);
  assert.equal(json.job_id, job_id);
  assert.equal(json.kind, 'scrape');
  assert.equal(json.status, 'completed');
  assert.deepEqual([json.total, json.remaining, json.succeeded, json.failed], [1, 0, 1, 0]);
  assert.deepEqual(json.metadata, body.metadata);
  assert.equal(json.webhook_url, null);
  assert.equal(json.delivery, null);
  for (const key of ['created_at', 'started_at', 'finished_at']) assert.match(json[key], /Z$/);
  const now = (await service.api('POST', '/v1/scrape', { url: site.url('/') })).json;
  assert.deepEqual(
    { ...json.result, fetched_at: '', duration_ms: 0 },
    { ...now, fetched_at: '', duration_ms: 0 },
  );
});

test('result=false leaves the result out', async () => {
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(job_id);
  assert.ok('result' in (await service.api('GET', `/v1/jobs/${job_id}`)).json);
  assert.ok(!('result' in (await service.api('GET', `/v1/jobs/${job_id}?result=false`)).json));
});

test('wait holds until the job ends, and not beyond its time', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/held') });
  await held.entered;
  const early = (await service.api('GET', `/v1/jobs/${job_id}?wait=0.1`)).json;
  assert.ok(['queued', 'running'].includes(early.status));
  assert.ok(!('result' in early));
  const waiting = service.api('GET', `/v1/jobs/${job_id}?wait=25`);
  held.open();
  assert.equal((await waiting).json.status, 'completed');
  assert.equal((await service.api('GET', `/v1/jobs/${job_id}?wait=26`)).status, 422);
});

test('the pages of a job can be read while it still runs, page by page', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const urls = [...Array.from({ length: 25 }, (_, n) => site.url(`/?n=${n}`)), site.url('/held')];
  for (const url of urls.slice(0, 25)) site.routes.set(url.slice(site.origin.length), page('One', 'of many'));
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls });
  await held.entered;
  const first = await pagesOf(job_id, 25);
  assert.deepEqual(first.map((p) => p.url).toSorted(), urls.slice(0, 25).toSorted());
  held.open();
  await service.api.finished(job_id);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const { json } = await service.api(
      'GET',
      `/v1/jobs/${job_id}/pages?limit=7${cursor ? `&cursor=${cursor}` : ''}`,
    );
    assert.ok(json.data.length <= 7);
    seen.push(...json.data.map((p: { url: string }) => p.url));
    cursor = json.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(seen, urls);
});

test('following the cursor while a job runs shows every page once, whichever settles first', async () => {
  const held = Array.from({ length: 3 }, () => gate(page('Held', 'text')));
  const paths = Array.from({ length: 30 }, (_, n) => `/order/${n}`);
  for (const [n, path] of paths.entries())
    site.routes.set(path, n % 10 === 0 ? held[n / 10]!.route : page('Page', 'text'));
  const urls = paths.map((path) => site.url(path));
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls });
  const seen: string[] = [];
  let cursor = '';
  // The first pages are the last to settle.
  for (let open = held.length; cursor !== 'null';) {
    const { json } = await service.api('GET', `/v1/jobs/${job_id}/pages?limit=4${cursor}`);
    seen.push(...json.data.map((block: { url: string }) => block.url));
    if (open > 0 && seen.length >= urls.length - open) held[--open]!.open();
    cursor = json.next_cursor === null ? 'null' : `&cursor=${json.next_cursor}`;
  }
  assert.deepEqual(seen.toSorted(), urls.toSorted());
  assert.equal((await service.api.finished(job_id)).total, 30);
});

test('one answer holds some megabytes of pages at most, and the cursor leads to the rest', async () => {
  const paths = ['/large/0', '/large/1', '/large/2', '/large/3'];
  for (const path of paths) site.routes.set(path, page(path, 'words '.repeat(400_000)));
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls: paths.map((path) => site.url(path)),
  });
  await service.api.finished(job_id);
  const first = (await service.api('GET', `/v1/jobs/${job_id}/pages?limit=100`)).json;
  assert.deepEqual(
    first.data.map((p: { url: string }) => p.url),
    paths.slice(0, 2).map((path) => site.url(path)),
  );
  const rest = (await service.api('GET', `/v1/jobs/${job_id}/pages?limit=100&cursor=${first.next_cursor}`))
    .json;
  assert.equal(rest.data.length, 2);
  assert.equal(rest.next_cursor, null);
});

async function pagesOf(jobId: string, atLeast: number): Promise<{ url: string }[]> {
  for (;;) {
    const { json } = await service.api('GET', `/v1/jobs/${jobId}/pages?limit=100`);
    if (json.data.length >= atLeast) return json.data;
  }
}

test('the list has the newest first, is filtered, and goes on from its cursor', async () => {
  const { api } = await service.createAccount();
  const ids: string[] = [];
  for (let n = 0; n < 5; n++)
    ids.unshift((await api('POST', '/v1/scrape/async', { url: site.url('/') })).json.job_id);
  const crawl = (await api('POST', '/v1/crawl', { url: site.url('/'), max_pages: 1 })).json.job_id;
  ids.unshift(crawl);
  for (const id of ids) await api.finished(id);

  const seen: string[] = [];
  let path = '/v1/jobs?limit=4';
  for (;;) {
    const { json } = await api('GET', path);
    seen.push(...json.data.map((job: { job_id: string }) => job.job_id));
    if (json.next_cursor === null) break;
    path = `/v1/jobs?limit=4&cursor=${json.next_cursor}`;
  }
  assert.deepEqual(seen, ids);
  const idsOf = async (query: string) =>
    (await api('GET', `/v1/jobs?${query}`)).json.data.map((job: { job_id: string }) => job.job_id);
  assert.deepEqual(await idsOf('kind=crawl'), [crawl]);
  assert.deepEqual(await idsOf('kind=scrape&status=completed'), ids.slice(1));
  assert.deepEqual(await idsOf('status=cancelled'), []);
  assert.ok(!('result' in (await api('GET', '/v1/jobs')).json.data[0]));
});

test('events show the progress and end with the state that the job ended in', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/'), site.url('/held')],
  });
  await held.entered;
  const stream = service.api('GET', `/v1/jobs/${job_id}/events`);
  held.open();
  const { headers, text, status } = await stream;
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/event-stream/);
  const events = text
    .trim()
    .split('\n\n')
    .map((event) => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      return { name, data: JSON.parse(data ?? 'null') };
    });
  assert.equal(events.at(-1)?.name, 'completed');
  assert.equal(events.at(-1)?.data.succeeded, 2);
  assert.ok(events.slice(0, -1).every((event) => event.name === 'progress'));
  assert.ok(events.every((event) => event.data.job_id === job_id));
});

test('a stream of events ends with the key that opened it', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/watched', held.route);
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/watched') });
  const { id, key } = await createKey(service.db, service.account.id, 'short-lived');
  const response = await fetch(`${service.api.origin}/v1/jobs/${job_id}/events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  assert.equal(response.status, 200);
  assert.equal(await revokeKey(service.db, service.account.id, id), true);
  const events = await response.text();
  assert.doesNotMatch(events, /event: (?:completed|failed|cancelled)/);
  held.open();
  await service.api.finished(job_id);
});

test('jobs say what they are: their URL, options, duration and delivery', async () => {
  const { api } = await service.createAccount();
  const urls = [site.url('/a'), site.url('/b')];
  const options = { formats: ['text'], headers: { Authorization: 'Bearer secret' }, timeout_ms: 9000 };
  const job_id = await api.queue('/v1/scrape/batch/async', { urls, ...options });
  const ended = await api.finished(job_id);
  const [listed] = (await api('GET', '/v1/jobs')).json.data;
  for (const job of [ended, listed]) {
    assert.equal(job.url, urls[0]);
    assert.deepEqual(job.options.formats, ['text']);
    assert.equal(job.options.timeout_ms, 9000);
    assert.deepEqual(job.options.headers, ['Authorization'], 'no value of a header');
    assert.equal(job.duration_ms, Date.parse(job.finished_at) - Date.parse(job.started_at));
    assert.equal(job.delivery, null);
  }
});

test('a job runs from when its first page is taken', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/first', held.route);
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/first') });
  await held.entered;
  const { json } = await service.api('GET', `/v1/jobs/${job_id}`);
  assert.equal(json.status, 'running');
  assert.match(json.started_at, /Z$/);
  held.open();
  assert.equal((await service.api.finished(job_id)).status, 'completed');
});

test('metadata comes back byte for byte, in the job, the list and the events', async () => {
  const { api, key } = await service.createAccount();
  const metadata = String.raw`{"2":820982911946154508,"10":1.0,"a":"\u00e9 \"x\" ","1":[-0,1E400,{}]}`;
  const body = `{"url":${JSON.stringify(site.url('/a'))}, "metadata" : ${metadata.replaceAll(',', ' , ')} }`;
  const { json, text } = await api('POST', '/v1/scrape/async', body);
  assert.ok(json.job_id, text);
  await api.finished(json.job_id);
  const events = await fetch(`${api.origin}/v1/jobs/${json.job_id}/events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  for (const shown of [
    (await api('GET', `/v1/jobs/${json.job_id}`)).text,
    (await api('GET', '/v1/jobs')).text,
    await events.text(),
  ])
    assert.ok(shown.includes(`"metadata":${metadata}`), shown);
});

test('cancelling twice is fine; cancelling what has ended otherwise is a 409', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/held') });
  await held.entered;
  const first = await service.api('POST', `/v1/jobs/${job_id}/cancel`);
  assert.deepEqual([first.status, first.json.status], [200, 'cancelled']);
  const second = await service.api('POST', `/v1/jobs/${job_id}/cancel`, {});
  assert.deepEqual([second.status, second.json.status], [200, 'cancelled']);
  held.open();

  const done = (await service.api('POST', '/v1/scrape/async', { url: site.url('/') })).json.job_id;
  await service.api.finished(done);
  const late = await service.api('POST', `/v1/jobs/${done}/cancel`);
  assert.deepEqual([late.status, late.json.code], [409, 'already_finished']);
});
