import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAuthority } from '../../support/net/certificates.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite } from '../../support/site.ts';
import { ok, startOrigin } from '../../support/net/origin.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

const SHELL = '<!doctype html><title>App</title><body><div id="root"></div><script src="/main.js"></script>';

test('a page that needs JavaScript says so, costs nothing and is not reused', async () => {
  await using site = await startSite({ '/app': SHELL, '/page': page('Page', 'text') });
  const { api } = await service.createAccount({ credits: 10 });
  const urls = [site.url('/app'), site.url('/page'), site.url('/app')];
  const { json } = await api('POST', '/v1/scrape/batch', { urls, max_age_seconds: 3600 });
  const [shell, read] = json.pages;
  assert.deepEqual([shell.status, shell.empty, shell.empty_reason], ['ok', true, 'needs_javascript']);
  assert.deepEqual([read.status, read.empty], ['ok', undefined]);
  assert.equal(json.succeeded, 3);
  assert.equal((await api('GET', '/v1/me')).json.credits, 9);
  const asked = site.requests.length;
  await api('POST', '/v1/scrape/batch', { urls, max_age_seconds: 3600 });
  assert.equal(site.requests.length - asked, 2);
  assert.equal((await api('GET', '/v1/me')).json.credits, 8);
  const { data } = (await api('GET', '/v1/me/usage')).json;
  assert.equal(data.at(-1).credits, 2);
});

test('a body that ends early is kept and marked as truncated', async () => {
  await using origin = await startOrigin((socket) =>
    socket.end(
      'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<p>What came of it.',
    ),
  );
  const { json } = await service.api('POST', '/v1/scrape', { url: `http://127.0.0.1:${origin.port}/` });
  assert.deepEqual([json.status, json.markdown, json.truncated], ['ok', 'What came of it.', true]);
});

test('skip_tls_verification reads a site with a faulty certificate, and the block shows it', async () => {
  const authority = await createAuthority();
  const certificate = await authority.issue(['elsewhere.test']);
  const answer = ok('<p>The page.', 'Content-Type: text/html');
  await using site = await startOrigin(answer, { certificate });
  const url = `https://127.0.0.1:${site.port}/`;
  const strict = (await service.api('POST', '/v1/scrape', { url })).json;
  assert.equal(strict.error.code, 'tls_failed');
  assert.match(strict.error.message, /^The TLS certificate comes from an authority that is not trusted/);
  assert.equal(strict.skip_tls_verification, undefined);
  for (const respect_robots of [false, true]) {
    const body = { url, skip_tls_verification: true, respect_robots };
    const { json } = await service.api('POST', '/v1/scrape', body);
    assert.deepEqual([json.status, json.markdown, json.skip_tls_verification], ['ok', 'The page.', true]);
  }
});

test('invalid_urls: "fail" scrapes the other URLs, and costs nothing for the bad ones', async () => {
  await using site = await startSite({ '/page': page('Page', 'text') });
  const { api } = await service.createAccount({ credits: 10 });
  const bad = ['', 'n/a', 'example.com', 'ftp://example.com/', 'http://user:secret@example.com/', 'http://'];
  const urls = [site.url('/page'), ...bad, site.url('/page?2')];
  const refused = await api('POST', '/v1/scrape/batch', { urls });
  assert.equal(refused.status, 422);
  assert.deepEqual(
    refused.json.errors.map(({ path }: { path: string }) => path),
    bad.map((_, index) => `urls[${index + 1}]`),
  );
  const { json } = await api('POST', '/v1/scrape/batch', { urls, invalid_urls: 'fail' });
  assert.deepEqual(
    json.pages.map((p: { url: string; error: { code: string } | null }) => [p.url, p.error?.code ?? 'ok']),
    urls.map((url) => [url, bad.includes(url) ? 'invalid_url' : 'ok']),
  );
  assert.equal((await api('GET', '/v1/me')).json.credits, 8);
  const job = await api.finished(await api.queue('/v1/scrape/batch/async', { urls, invalid_urls: 'fail' }));
  assert.deepEqual([job.succeeded, job.failed], [2, bad.length]);
});

test('a refresh leads on, with the address that answered', async () => {
  await using site = await startSite({
    '/docs/': '<meta http-equiv="refresh" content="0; url=en/latest/">',
    '/docs/en/latest/': page('Docs', 'The text of the docs.'),
  });
  const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/docs/') });
  assert.equal(json.final_url, site.url('/docs/en/latest/'));
  assert.match(json.markdown, /The text of the docs/);
});

test('a crawl follows its seed to another site, without credentials', async () => {
  await using site = await startSite({});
  const elsewhere = site.origin.replace('127.0.0.1', 'localhost');
  site.routes.set('/old', { status: 301, headers: { location: `${elsewhere}/` } });
  site.routes.set('/', page('Home', 'text', ['/a', '/b.png', '/pages.png']));
  site.routes.set('/a', page('A', 'text', ['/']));
  site.routes.set('/b.png', {
    headers: { 'content-type': 'image/png' },
    body: Buffer.from('89504e470d0a1a0a', 'hex'),
  });
  site.routes.set('/pages.png', page('About a picture', 'text'));
  site.routes.set('/sitemap_index.xml', `<urlset><url><loc>${elsewhere}/c</loc></url></urlset>`);
  site.routes.set('/c', page('C', 'text'));
  const body = { url: site.url('/old'), headers: { authorization: 'Bearer secret' } };
  const job = await service.api.finished(await service.api.queue('/v1/crawl', body));
  const ends = job.result.pages.map((p: { url: string; status: string }) => [
    new URL(p.url).pathname,
    p.status,
  ]);
  assert.deepEqual(Object.fromEntries(ends), {
    '/old': 'ok',
    '/a': 'ok',
    '/b.png': 'skipped',
    '/pages.png': 'ok',
    '/c': 'ok',
  });
  const told = site.requests.filter(({ headers }) => headers.authorization !== undefined);
  assert.deepEqual(new Set(told.map(({ headers }) => headers.host)), new Set([new URL(site.origin).host]));
});
