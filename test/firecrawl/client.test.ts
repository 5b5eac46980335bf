import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import { Firecrawl } from '@mendable/firecrawl-js';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { gate, page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let site: Site;
let client: Firecrawl;
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/': page(
      'Home',
      '<a href="/one">One</a> <a href="/two">Two</a> <a href="/secret">Secret</a> <img src="home.png">',
    ),
    '/one': page('One', 'The first page.'),
    '/two': page('Two', 'The second page.'),
    '/secret': page('Secret', 'Not for robots.'),
    '/robots.txt': { headers: { 'content-type': 'text/plain' }, body: 'User-agent: *\nDisallow: /secret\n' },
  });
  client = new Firecrawl({ apiUrl: service.api.origin, apiKey: service.account.key });
});
after(async () => {
  await site[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const compare = (a: string, b: string) => a.localeCompare(b);
/** The client asks every second. */
const POLL = { pollInterval: 1, timeout: 60 };

test('scrape in several formats', async () => {
  const document = await client.scrape(site.url('/'), {
    formats: ['markdown', 'html', 'rawHtml', 'links', 'images', { type: 'markdown' }],
    onlyMainContent: false,
    timeout: 20_000,
    maxAge: 0,
    proxy: 'auto',
  });
  assert.match(document.markdown!, /One/);
  assert.match(document.html!, /<a /);
  assert.match(document.rawHtml!, /^<!doctype html>/i);
  assert.deepEqual(document.images, [site.url('/home.png')]);
  assert.ok(document.links!.includes(site.url('/one')));
  const { metadata } = document;
  assert.deepEqual(
    [metadata!.title, metadata!.statusCode, metadata!.sourceURL],
    ['Home', 200, site.url('/')],
  );
});

test('a page that does not come back, a wrong request and a wrong key are errors in its form', async () => {
  await assert.rejects(client.scrape('http://10.0.0.1/'), { status: 422, code: 'SCRAPE_BLOCKED_TARGET' });
  await assert.rejects(client.scrape(site.url('/'), { formats: ['summary'] }), {
    status: 400,
    message: /the format "summary" needs a language model/,
  });
  await assert.rejects(client.search('anything'), { status: 404, message: /not served here/ });
  const stranger = new Firecrawl({ apiUrl: service.api.origin, apiKey: 'fc-unknown' });
  await assert.rejects(stranger.scrape(site.url('/')), { status: 401 });
});

test('a batch: documents, URLs that are none, errors', async () => {
  const urls = [site.url('/one'), site.url('/two'), 'http://10.0.0.1/'];
  const job = await client.batchScrape(urls, { options: { formats: ['markdown'] }, ...POLL });
  assert.deepEqual([job.status, job.total, job.completed, job.creditsUsed], ['completed', 3, 3, 2]);
  assert.deepEqual(new Set(job.data.map(({ metadata }) => metadata!.title)), new Set(['One', 'Two']));
  const { errors } = await client.getBatchScrapeErrors(job.id);
  assert.deepEqual(
    errors.map(({ url, code }) => [url, code]),
    [['http://10.0.0.1/', 'SCRAPE_BLOCKED_TARGET']],
  );
  const started = await client.startBatchScrape([site.url('/one'), 'none'], { ignoreInvalidURLs: true });
  assert.deepEqual(started.invalidURLs, ['none']);
});

test('a crawl: pages of documents, what robots.txt kept out, and its events by webhook', async () => {
  await using receiver = await startReceiver();
  const started = await client.startCrawl(site.url('/'), {
    limit: 10,
    includePaths: ['^/(one|two|secret)$'],
    scrapeOptions: { formats: ['markdown'] },
    webhook: {
      url: receiver.url(),
      metadata: { n: '820982911946154508' },
      events: ['started', 'page', 'completed'],
    },
  });
  const callbacks = await receiver.received(5);
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  for (const { headers, body } of callbacks)
    assert.equal(
      headers['x-firecrawl-signature'],
      `sha256=${createHmac('sha256', webhook_secret).update(body).digest('hex')}`,
    );
  const events = callbacks.map(({ body }) => JSON.parse(body.toString()));
  const types = events.map(({ type }) => type as string).toSorted(compare);
  assert.deepEqual(types, ['crawl.completed', 'crawl.page', 'crawl.page', 'crawl.page', 'crawl.started']);
  for (const event of events) assert.deepEqual([event.id, event.success], [started.id, true]);
  const titles = events.flatMap(({ data }) => data.map(({ metadata }: any) => metadata.title as string));
  assert.deepEqual(titles.toSorted(compare), ['Home', 'One', 'Two']);

  const job = await client.getCrawlStatus(started.id);
  assert.deepEqual([job.status, job.data.length, job.next], ['completed', 3, null]);
  const paged = await client.getCrawlStatus(started.id, { autoPaginate: false });
  assert.equal(paged.data.length, 3);
  assert.deepEqual(await client.getCrawlErrors(started.id), {
    errors: [],
    robotsBlocked: [site.url('/secret')],
  });
});

test('a crawl stays below its start, unless it is to cover the domain', async () => {
  await using docs = await startSite({
    '/docs': page('Docs', '<a href="/docs/a">A</a> <a href="/docs-old">Old</a> <a href="/blog">Blog</a>'),
    '/docs/a': page('A', 'In the docs.'),
    '/docs-old': page('Old', 'Begins like the docs.'),
    '/blog': page('Blog', 'Elsewhere.'),
  });
  const titles = async (options: object) => {
    const { data } = await client.crawl(docs.url('/docs'), { limit: 10, ...options, ...POLL });
    return data.map(({ metadata }) => metadata!.title as string).toSorted(compare);
  };
  assert.deepEqual(await titles({}), ['A', 'Docs', 'Old']);
  assert.deepEqual(await titles({ includePaths: ['docs/.*', 'blog'] }), ['A', 'Docs']);
  const { id } = await client.startCrawl(docs.url('/docs/*'));
  const { json } = await service.api('GET', `/v1/jobs/${id}`);
  assert.equal(json.options.url, docs.url('/docs/'));
  assert.deepEqual(await titles({ crawlEntireDomain: true, excludePaths: ['-old'] }), ['A', 'Blog', 'Docs']);
  const whole = { includePaths: [`${docs.url('/docs')}(?:/[^/]+)?$`], regexOnFullURL: true };
  assert.deepEqual(await titles(whole), ['A', 'Docs']);
  for (const hostile of ['(?!a)', '(a{1,1000}){1,1000}', `(?:${'a?'.repeat(200)}){1000}`])
    await assert.rejects(client.startCrawl(docs.url('/'), { includePaths: ['.'], excludePaths: [hostile] }), {
      status: 400,
      message: /excludePaths\[0\]/,
    });
});

test('a crawl without a limit takes what the account can pay for', async () => {
  const poor = await service.createAccount({ credits: 7 });
  const theirs = new Firecrawl({ apiUrl: service.api.origin, apiKey: poor.key });
  const { id } = await theirs.startCrawl(site.url('/'));
  const { json } = await poor.api('GET', `/v1/jobs/${id}`);
  assert.equal(json.options.max_pages, 7);
  await poor.api.finished(id);
  await assert.rejects(theirs.startCrawl(site.url('/'), { limit: 8 }), { status: 402 });
});

test('a map: links with titles, search, a limit, and a site that does not come back', async () => {
  const titles = async (options: object) =>
    (await client.map(site.url('/'), options)).links.map(({ url, title }) => [url, title]);
  assert.deepEqual(await titles({ sitemap: 'include', timeout: 10_000, limit: 3 }), [
    [site.url('/'), 'Home'],
    [site.url('/one'), 'One'],
    [site.url('/two'), 'Two'],
  ]);
  assert.deepEqual(await titles({ search: 'secret', includeSubdomains: false }), [
    [site.url('/secret'), 'Secret'],
  ]);
  await assert.rejects(client.map('http://10.0.0.1/'), { status: 422, code: 'SCRAPE_BLOCKED_TARGET' });
  await assert.rejects(client.map(site.url('/'), { limit: 100_001 }), { status: 400 });
});

test('a crawl is active while it runs, and ends when it is cancelled', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  const { id } = await client.startCrawl(site.url('/held'), { limit: 1 });
  await held.entered;
  const { crawls } = await client.getActiveCrawls();
  assert.deepEqual(
    crawls.map((crawl) => [crawl.id, crawl.url]),
    [[id, site.url('/held')]],
  );
  assert.equal(await client.cancelCrawl(id), true);
  await eventually(async () => (await client.getCrawlStatus(id)).status === 'cancelled');
  const { completed, total } = await client.getCrawlStatus(id);
  assert.deepEqual([completed, total], [0, 1]);
  held.open();
});

test('the fetches of a job are capped as the client asks', async () => {
  const crawl = await client.startCrawl(site.url('/'), { limit: 1, maxConcurrency: 3 });
  const batch = await client.startBatchScrape([site.url('/one')], { maxConcurrency: 1000 });
  for (const [id, most] of [
    [crawl.id, 3],
    [batch.id, 100],
  ] as const) {
    const { options } = await service.api.finished(id);
    assert.equal(options.max_concurrency, most);
  }
});

test('the first version of the client reads a batch under the path of crawls, page by page', async () => {
  const urls = Array.from({ length: 101 }, () => site.url('/one'));
  const { status, data } = (await client.v1.batchScrapeUrls(urls, { formats: ['markdown'] }, 1)) as {
    status: string;
    data: { metadata: { title: string } }[];
  };
  assert.deepEqual([status, data.length, data[100]!.metadata.title], ['completed', 101, 'One']);
});

test('what is not served says so, also where its path looks like one that is', async () => {
  await assert.rejects(client.crawlParamsPreview(site.url('/'), 'all'), {
    status: 404,
    message: 'POST /v2/crawl/params-preview is not served here.',
  });
});

test('credits and the queue', async () => {
  const { remainingCredits } = await client.getCreditUsage();
  assert.equal(remainingCredits, (await service.api('GET', '/v1/me')).json.credits);
  assert.equal((await client.getQueueStatus()).success, true);
  const first = await client.v1.getCreditUsage();
  assert.equal('data' in first && first.data.remaining_credits, remainingCredits);
  const queue = await client.v1.getQueueStatus();
  assert.equal('jobsInQueue' in queue && typeof queue.jobsInQueue, 'number');
});

test('a watcher is told of each document and of the end, over a web socket', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/later', held.route);
  const { id } = await client.startBatchScrape([site.url('/one'), site.url('/later')]);
  const watcher = client.watcher(id, { kind: 'batch', timeout: 60 });
  const documents: string[] = [];
  const ended = Promise.withResolvers<{ status: string }>();
  watcher.on('document', ({ metadata }) => {
    documents.push(metadata.title);
    held.open();
  });
  watcher.on('done', ended.resolve);
  watcher.on('error', ended.reject);
  void watcher.start();
  assert.equal((await ended.promise).status, 'completed');
  assert.deepEqual(documents, ['One', 'Held']);
});

test("a web socket needs the key of the job's owner", async () => {
  const { id } = await client.startBatchScrape([site.url('/one')]);
  const stranger = await service.createAccount();
  for (const key of ['fc-unknown', stranger.key]) {
    const socket = new WebSocket(`${service.api.origin.replace('http', 'ws')}/v2/batch/scrape/${id}`, key);
    const opened = await new Promise<boolean>((resolve) => {
      socket.addEventListener('open', () => resolve(true));
      socket.addEventListener('error', () => resolve(false));
    });
    assert.equal(opened, false);
  }
});

test('web sockets are limited: by the address of the client for wrong keys, by the account otherwise', async () => {
  await using limited = await startTestService({
    ROLES: 'web',
    TRUST_PROXY: 'loopback',
    RATE_LIMIT_PER_MINUTE: '5',
  });
  const path = `/v2/batch/scrape/job_${'0'.repeat(24)}`;
  const ask = async (key: string, address: string) =>
    await upgradeStatus(limited.api.origin + path, {
      'sec-websocket-protocol': key,
      'x-forwarded-for': address,
    });
  for (let n = 0; n < 100; n++) assert.equal(await ask(`fc-${n}`, '198.51.100.7'), 401);
  assert.equal(await ask('fc-100', '198.51.100.7'), 429);
  assert.equal(await ask(limited.account.key, '198.51.100.8'), 404);
  const answers = [];
  for (let n = 0; n < 6; n++) answers.push(await ask(limited.account.key, '198.51.100.8'));
  assert.equal(answers.at(-1), 429);
});

async function upgradeStatus(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const handshake = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  get(url, { headers: { ...handshake, ...headers }, agent: false }, (answer) => {
    answer.resume();
    resolve(answer.statusCode);
  }).on('error', reject);
  return await promise;
}
