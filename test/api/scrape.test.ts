import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { writePdf } from '../support/pdf.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite, type Site } from '../support/site.ts';

const PAPER = writePdf({ pages: ['BT /F1 12 Tf 72 700 Td (Hello) Tj ET'] });

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/': page('Home', 'Hello to <b>all</b>.', ['/a', 'b?x=1#part', 'mailto:me@example.com']),
    '/latin': {
      headers: { 'content-type': 'text/html; charset=iso-8859-1', 'set-cookie': 'a=secret', 'x-mine': 'yes' },
      body: Buffer.from('<nav>caf\xe9</nav><img src=/a.png alt=A>', 'latin1'),
    },
    '/to-latin': { status: 301, headers: { location: '/latin' } },
    '/paper': { headers: { 'content-type': 'application/pdf' }, body: PAPER },
    '/missing': { status: 404, body: page('Nothing', 'There is no such page.') },
    '/moved': { status: 302, headers: { location: '/' } },
    '/echo': (req, res) => {
      res.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(req.headers));
    },
  });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const PAGE_KEYS = [
  'url',
  'final_url',
  'status',
  'http_status',
  'content_type',
  'markdown',
  'metadata',
  'block',
  'error',
  'fetched_at',
  'duration_ms',
];

test('one page now: 200 with its page block, in the keys of the contract', async () => {
  const { status, json, headers } = await service.api('POST', '/v1/scrape', { url: site.url('/') });
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  assert.deepEqual(Object.keys(json), PAGE_KEYS);
  assert.equal(json.url, site.url('/'));
  assert.equal(json.final_url, site.url('/'));
  assert.equal(json.status, 'ok');
  assert.equal(json.http_status, 200);
  assert.equal(json.content_type, 'text/html; charset=utf-8');
  assert.match(json.markdown, /^# Home\n\nHello to \*\*all\*\*\.\n/);
  assert.equal(json.metadata.title, 'Home');
  assert.equal(json.metadata.language, 'en');
  assert.equal(json.metadata.description, null);
  assert.equal(json.metadata.canonical_url, null);
  assert.equal(json.error, null);
  assert.match(json.fetched_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Number.isInteger(json.duration_ms) && json.duration_ms >= 0);
});

test('each format has its own key, and a list of formats has them all', async () => {
  for (const format of ['markdown', 'html', 'text', 'links']) {
    const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/'), format });
    assert.ok(format in json);
    assert.equal(['markdown', 'html', 'text', 'links'].filter((key) => key in json).length, 1);
  }
  const metadata = await service.api('POST', '/v1/scrape', { url: site.url('/'), format: 'metadata' });
  assert.deepEqual(
    Object.keys(metadata.json),
    PAGE_KEYS.filter((key) => key !== 'markdown'),
  );
  const all = await service.api('POST', '/v1/scrape', {
    url: site.url('/'),
    formats: ['links', 'text', 'html'],
  });
  assert.deepEqual(all.json.links, [site.url('/a'), site.url('/b?x=1')]);
  assert.match(all.json.text, /Hello to all\./);
  assert.match(all.json.html, /<b>all<\/b>/);
  assert.ok(!('markdown' in all.json));
});

test('the page as it came: its text, its images and its answer without cookies', async () => {
  const formats = ['raw_html', 'images', 'response'];
  const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/to-latin'), formats });
  assert.equal(json.raw_html, '<nav>café</nav><img src=/a.png alt=A>');
  assert.deepEqual(json.images, [{ url: site.url('/a.png'), alt: 'A', width: null, height: null }]);
  const { status, headers, redirects } = json.response;
  assert.equal(status, 200);
  assert.equal(headers['x-mine'], 'yes');
  assert.ok(!('set-cookie' in headers));
  assert.deepEqual(redirects, [{ url: site.url('/to-latin'), status: 301 }]);
  const text = await service.api('POST', '/v1/scrape', { url: site.url('/echo'), formats });
  assert.match(text.json.raw_html, /^\{.*"host"/);
  assert.deepEqual(text.json.images, []);
  const paper = (await service.api('POST', '/v1/scrape', { url: site.url('/paper'), formats })).json;
  assert.deepEqual([paper.raw_html, paper.images, paper.response.status], [null, [], 200]);
});

test('a page that answers 404 is ok and says so; a redirect shows where it led', async () => {
  const missing = (await service.api('POST', '/v1/scrape', { url: site.url('/missing') })).json;
  assert.deepEqual([missing.status, missing.http_status, missing.error], ['ok', 404, null]);
  const moved = (await service.api('POST', '/v1/scrape', { url: site.url('/moved') })).json;
  assert.deepEqual([moved.url, moved.final_url, moved.http_status], [site.url('/moved'), site.url('/'), 200]);
});

test('headers and user agent reach the site', async () => {
  const { json } = await service.api('POST', '/v1/scrape', {
    url: site.url('/echo'),
    format: 'text',
    headers: { 'X-Mine': 'yes', Cookie: 'a=b' },
    user_agent: 'Tester/1.0',
  });
  const seen = JSON.parse(json.text);
  assert.deepEqual([seen['x-mine'], seen.cookie, seen['user-agent']], ['yes', 'a=b', 'Tester/1.0']);
  assert.ok(!('authorization' in seen));
});

test('a batch now: the pages in the order of the request, a repeated URL in each of its places', async () => {
  const urls = [
    site.url('/missing'),
    site.url('/'),
    'http://127.0.0.1:1/',
    site.url('/'),
    site.url('/moved'),
  ];
  const { status, json } = await service.api('POST', '/v1/scrape/batch', { urls });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), [
    'pages',
    'total',
    'succeeded',
    'failed',
    'skipped',
    'cancelled',
    'blocked',
  ]);
  assert.deepEqual(
    json.pages.map((p: { url: string }) => p.url),
    urls,
  );
  assert.deepEqual(
    json.pages.map((p: { status: string }) => p.status),
    ['ok', 'ok', 'failed', 'ok', 'ok'],
  );
  assert.deepEqual([json.total, json.succeeded, json.failed, json.skipped, json.cancelled], [5, 4, 1, 0, 0]);
});

test('what is not done within its time is failed with timeout, and the others are there', async () => {
  site.routes.set('/never', () => {});
  const urls = [site.url('/never'), site.url('/')];
  const { json } = await service.api('POST', '/v1/scrape/batch', { urls, timeout_ms: 3000 });
  assert.deepEqual(
    json.pages.map((p: { status: string; error: { code: string } | null }) => [p.status, p.error?.code]),
    [
      ['failed', 'timeout'],
      ['ok', undefined],
    ],
  );
});

test('the asynchronous routes answer 202 with the job and where it is', async () => {
  for (const [path, body] of [
    ['/v1/scrape/async', { url: site.url('/') }],
    ['/v1/scrape/batch/async', { urls: [site.url('/')] }],
    ['/v1/crawl', { url: site.url('/'), max_pages: 1 }],
    ['/v1/map/async', { url: site.url('/') }],
  ] as const) {
    const { status, json, headers } = await service.api('POST', path, body);
    assert.equal(status, 202);
    assert.deepEqual(Object.keys(json), ['status', 'job_id', 'estimated_seconds']);
    assert.equal(json.status, 'queued');
    assert.match(json.job_id, /^job_/);
    assert.equal(headers.get('location'), `/v1/jobs/${json.job_id}`);
  }
});

test("curl's form content type, or none, changes nothing about a JSON body", async () => {
  const body = JSON.stringify({ url: site.url('/'), max_pages: 1 });
  for (const type of [
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    '',
  ]) {
    const { status, json } = await service.api('POST', '/v1/crawl', body, { 'content-type': type });
    assert.equal(status, 202, type);
    assert.equal((await service.api.finished(json.job_id)).status, 'completed');
  }
});

test('max_age_seconds takes no answer of a host in trouble', async () => {
  let asked = 0;
  site.routes.set('/troubled', (_req, res) => void res.writeHead(500).end(`trouble ${++asked}`));
  const body = { url: site.url('/troubled'), max_age_seconds: 3600 };
  await service.api('POST', '/v1/scrape', body);
  const first = asked;
  await service.api('POST', '/v1/scrape', body);
  assert.ok(asked > first);
});

test('max_age_seconds takes an own earlier result with the same options, and only that', async () => {
  let served = 0;
  site.routes.set('/counted', (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' }).end(page('Counted', `Time ${++served}.`));
  });
  const body = { url: site.url('/counted'), format: 'text' };
  const first = await service.api('POST', '/v1/scrape', body);
  const again = await service.api('POST', '/v1/scrape', { ...body, max_age_seconds: 3600 });
  assert.equal(again.text, first.text);
  assert.equal(served, 1);
  await service.api('POST', '/v1/scrape', body);
  assert.equal(served, 2);
  await service.api('POST', '/v1/scrape', { ...body, format: 'html', max_age_seconds: 3600 });
  assert.equal(served, 3);
  const { api } = await service.createAccount();
  await api('POST', '/v1/scrape', { ...body, max_age_seconds: 3600 });
  assert.equal(served, 4);
});

test('max_age_seconds takes an earlier result whatever the fields are called', async () => {
  let served = 0;
  site.routes.set('/counted-fields', (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/html' }).end(page('Counted', `Time ${++served}.`));
  });
  const fields = { title: { css: 'h1' }, a: { css: 'p', as: 'text' } };
  const body = { url: site.url('/counted-fields'), format: 'data', fields, max_age_seconds: 3600 };
  const first = await service.api('POST', '/v1/scrape', body);
  assert.equal((await service.api('POST', '/v1/scrape', body)).text, first.text);
  assert.equal(served, 1);
});

const FIELDS = {
  title: { css: 'h1' },
  links: { css: 'a', all: true, as: 'url' },
  price: { css: '.price', required: true },
};

test('fields are read into data, now and queued; those that cannot be read are a 422', async () => {
  const data = { title: 'Home', price: null };
  const body = { url: site.url('/'), format: 'data', fields: FIELDS };
  const { json } = await service.api('POST', '/v1/scrape', body);
  assert.equal(json.markdown, undefined);
  assert.deepEqual({ title: json.data.title, price: json.data.price }, data);
  assert.equal(json.data.links[0], site.url('/a'));
  assert.deepEqual(
    json.data_errors.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`),
    ['price missing'],
  );

  const job_id = await service.api.queue('/v1/crawl', { ...body, max_pages: 1 });
  const { json: job } = await service.api('GET', `/v1/jobs/${job_id}?wait=20`);
  assert.deepEqual(job.result.pages[0].data, json.data);

  const refused = await service.api('POST', '/v1/scrape', { ...body, fields: { title: { css: 'h1[' } } });
  assert.equal(refused.status, 422);
  assert.equal(refused.json.errors[0].path, 'fields.title');
  const without = await service.api('POST', '/v1/scrape', { url: site.url('/'), format: 'data' });
  assert.equal(without.status, 422);
});
