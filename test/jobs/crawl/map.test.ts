import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startReceiver } from '../../support/receiver.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Route, type Site } from '../../support/site.ts';

const XML = { 'content-type': 'application/xml' };
let service: TestService;
let site: Site;
let broken: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({
    '/': page(
      'Home',
      '<a href="/docs/install"> Install <b>it</b></a> <a href="/docs/install">again</a> <a href="/about?ref=1">About</a>',
      ['https://elsewhere.example/', '/deep/page'],
    ),
    '/robots.txt': { headers: { 'content-type': 'text/plain' } },
  });
  site.routes.set('/robots.txt', robots('/maps/index.xml'));
  site.routes.set('/maps/index.xml', {
    headers: XML,
    body: `<sitemapindex>${['/maps/a.xml', '/maps/b.xml.gz', '/maps/gone.xml']
      .map((path) => `<sitemap><loc>${site.url(path)}</loc></sitemap>`)
      .join('')}</sitemapindex>`,
  });
  site.routes.set('/maps/a.xml', {
    headers: XML,
    body: urlset([
      ['/docs/install', '2026-01-31'],
      ['/docs/%C3%BCber-uns', '2026-02-01T10:00:00+01:00'],
      ['/blog/one', 'last Tuesday'],
    ]),
  });
  site.routes.set('/maps/b.xml.gz', { body: gzipSync(urlset([['/blog/two'], ['/blog/two?page=2']])) });

  broken = await startSite({ '/': page('Alone', 'No sitemap.', ['/only']) });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await broken[Symbol.asyncDispose]();
});

function robots(sitemap: string, more = ''): Route {
  return {
    headers: { 'content-type': 'text/plain' },
    body: `User-agent: *\nDisallow: /private\n${more}\nSitemap: ${site.url(sitemap)}\n`,
  };
}

function urlset(entries: [path: string, lastmod?: string][]): string {
  const urls = entries.map(
    ([path, lastmod]) =>
      `<url><loc>${site.url(path)}</loc>${lastmod === undefined ? '' : `<lastmod>${lastmod}</lastmod>`}</url>`,
  );
  return `<urlset>${urls.join('')}</urlset>`;
}

async function map(fields: object, start = site.url('/')) {
  const { status, json } = await service.api('POST', '/v1/map', { url: start, ...fields });
  assert.equal(status, 200);
  return json;
}

const paths = (answer: { urls: { url: string }[] }) =>
  answer.urls.map(({ url }) => url.slice(new URL(url).origin.length));

test('the start, its links and what the sitemaps of robots.txt list, with titles and dates', async () => {
  const { credits: earlier } = (await service.api('GET', '/v1/me')).json;
  const answer = await map({});
  assert.deepEqual(
    [answer.status, answer.http_status, answer.metadata.title, answer.complete],
    ['ok', 200, 'Home', true],
  );
  assert.deepEqual(answer.urls, [
    { url: site.url('/'), title: 'Home' },
    { url: site.url('/docs/install'), title: 'Install it', lastmod: '2026-01-31' },
    { url: site.url('/about?ref=1'), title: 'About' },
    { url: site.url('/deep/page'), title: '/deep/page' },
    { url: site.url('/docs/%C3%BCber-uns'), lastmod: '2026-02-01T10:00:00+01:00' },
    { url: site.url('/blog/one') },
    { url: site.url('/blog/two') },
    { url: site.url('/blog/two?page=2') },
  ]);
  assert.equal((await service.api('GET', '/v1/me')).json.credits, earlier - 1);
  const { data } = (await service.api('GET', '/v1/jobs?kind=map')).json;
  assert.deepEqual([data[0].kind, data[0].status, data[0].url], ['map', 'completed', site.url('/')]);
  const { text } = await service.api('GET', `/v1/jobs/${data[0].job_id}/result`);
  assert.deepEqual(JSON.parse(text), answer);
});

test('sitemaps alone, links alone, scope, query parameters, search', async () => {
  const only = ['/docs/install', '/docs/%C3%BCber-uns', '/blog/one', '/blog/two', '/blog/two?page=2'];
  assert.deepEqual(paths(await map({ sitemap: 'only' })), only);
  assert.deepEqual(paths(await map({ sitemap: 'skip' })), [
    '/',
    '/docs/install',
    '/about?ref=1',
    '/deep/page',
  ]);
  assert.deepEqual(paths(await map({ include_paths: ['/blog'], exclude_paths: ['/blog/one'] })), [
    '/',
    '/blog/two',
    '/blog/two?page=2',
  ]);
  assert.deepEqual(paths(await map({ ignore_query_parameters: true, search: 'TWO blog' })), ['/blog/two']);
  assert.deepEqual(paths(await map({ search: 'über' })), ['/docs/%C3%BCber-uns']);
  assert.deepEqual(paths(await map({ search: 'install it' })), ['/docs/install']);
});

test('the start is listed under the address that answers, and a scrape takes no map for its page', async () => {
  const bare = await map({ sitemap: 'skip', search: 'home' }, site.origin);
  assert.deepEqual(bare.urls, [{ url: site.url('/'), title: 'Home' }]);
  site.routes.set('/old', { status: 301, headers: { location: '/about' } });
  site.routes.set('/about', page('About us', 'text'));
  assert.deepEqual((await map({ sitemap: 'skip' }, site.url('/old'))).urls, [
    { url: site.url('/about'), title: 'About us' },
  ]);
  const scrape = { url: site.url('/old'), format: 'metadata', max_age_seconds: 60, respect_robots: true };
  assert.equal((await service.api('POST', '/v1/scrape', scrape)).json.urls, undefined);
});

test('a map that is cut short says so, and one that just fits does not', async () => {
  const short = await map({ max_urls: 7 });
  assert.deepEqual([short.urls.length, short.complete], [7, false]);
  const whole = await map({ max_urls: 8 });
  assert.deepEqual([whole.urls.length, whole.complete], [8, true]);
});

test('a queued map answers at once, and its URLs come with the callback', async () => {
  await using receiver = await startReceiver();
  const id = await service.api.queue('/v1/map/async', { url: site.url('/'), webhook_url: receiver.url() });
  const { kind, status, result } = await service.api.finished(id);
  assert.deepEqual([kind, status, result.complete], ['map', 'completed', true]);
  assert.deepEqual(paths(result), paths(await map({})));
  const [callback] = await receiver.received(1);
  assert.deepEqual(JSON.parse(String(callback!.body)).result, result);
});

test('the result of a queued map is one JSON line, and a CSV of its URLs', async () => {
  const job_id = await service.api.queue('/v1/map/async', { url: site.url('/'), max_urls: 3 });
  const { result } = await service.api.finished(job_id);
  const read = async (format: string) =>
    (await service.api('GET', `/v1/jobs/${job_id}/result?format=${format}`)).text;
  const [line, ...others] = (await read('jsonl')).split('\n');
  assert.deepEqual([JSON.parse(line!), others], [result, ['']]);
  const rows = (await read('csv')).split('\r\n');
  assert.equal(rows[0], 'url,lastmod,title');
  const urls = (result.urls as { url: string }[]).map(({ url }) => url);
  assert.deepEqual(
    rows.slice(1).map((row) => row.split(',')[0]),
    [...urls, ''],
  );
  const failed = await service.api.queue('/v1/map/async', { url: 'http://10.0.0.1/' });
  await service.api.finished(failed);
  const { text } = await service.api('GET', `/v1/jobs/${failed}/result?format=csv`);
  assert.equal(text, 'url,lastmod,title\r\n');
});

test('JSON lines: a URL on each line; without any, why', async () => {
  const lines = await service.api('POST', '/v1/map?format=jsonl', { url: site.url('/'), max_urls: 3 });
  assert.equal(lines.headers.get('content-type'), 'application/jsonl');
  assert.deepEqual(
    lines.text.split('\n').map((line) => (line === '' ? '' : JSON.parse(line).url)),
    [site.url('/'), site.url('/docs/install'), site.url('/about?ref=1'), ''],
  );
  const none = await service.api('POST', '/v1/map?format=jsonl', { url: site.url('/'), search: 'xyzzy' });
  assert.deepEqual([none.status, none.text], [200, '']);
  const failed = await service.api('POST', '/v1/map?format=jsonl', { url: 'http://10.0.0.1/' });
  assert.equal(JSON.parse(failed.text).error.code, 'blocked_target');
});

test('a site without sitemaps has its links, and one that is silent as long as there is time', async () => {
  const answer = await map({}, broken.url('/'));
  assert.deepEqual([paths(answer), answer.complete], [['/', '/only'], true]);
  broken.routes.set('/sitemap.xml', () => {});
  const cut = await map({ timeout_ms: 3000 }, broken.url('/'));
  assert.deepEqual([paths(cut), cut.complete], [['/', '/only'], false]);
});

test('a map is not complete where a sitemap that is named was refused, or ended early', async () => {
  const sitemap = '<urlset><url><loc>https://example.com/listed</loc></url>';
  const answers: [string, Route, boolean][] = [
    ['whole', { body: `${sitemap}</urlset>` }, true],
    ['missing', { status: 404 }, true],
    ['refused', { status: 403 }, false],
    [
      'cut',
      (_req, res) => void res.writeHead(200, { 'content-length': 5000 }).write(sitemap, () => res.destroy()),
      false,
    ],
  ];
  for (const [what, answer, complete] of answers) {
    await using one = await startSite({ '/': page('Home', 'text', ['/only']), '/sitemap.xml': answer });
    one.routes.set('/robots.txt', { body: `Sitemap: ${one.url('/sitemap.xml')}` });
    assert.equal((await map({}, one.url('/'))).complete, complete, what);
  }
});

test('what cannot be mapped: robots.txt forbids it, it is private, or the request is wrong', async () => {
  const forbidden = await map({}, site.url('/private'));
  assert.deepEqual(
    [forbidden.status, forbidden.error.code, forbidden.urls],
    ['skipped', 'robots', undefined],
  );
  assert.equal((await map({}, 'http://10.0.0.1/')).error.code, 'blocked_target');
  for (const [field, value] of Object.entries({
    max_urls: 100_001,
    search: 'x'.repeat(201),
    sitemap: 'maybe',
    include_paths: ['/[a]'],
    timeout_ms: 25_001,
    render: true,
  })) {
    const { status, json } = await service.api('POST', '/v1/map', { url: site.url('/'), [field]: value });
    assert.equal(status, 422);
    assert.ok(json.errors[0].path.startsWith(field), JSON.stringify(json));
  }
  assert.equal((await service.api('POST', '/v1/map?format=xml', { url: site.url('/') })).status, 422);
});

test('a hundred thousand URLs, and no more', async () => {
  await using large = await startSite({ '/': page('Large', 'Many pages.') });
  const files = ['/0.xml', '/1.xml', '/2.xml'];
  const element = (name: string, path: string) => `<${name}><loc>${large.url(path)}</loc></${name}>`;
  const index = files.map((path) => element('sitemap', path)).join('');
  large.routes.set('/sitemap.xml', { headers: XML, body: `<sitemapindex>${index}</sitemapindex>` });
  for (const file of files) {
    const urls = Array.from({ length: 40_000 }, (_, n) => element('url', `${file}/pages/with/a/name/${n}`));
    large.routes.set(file, { headers: XML, body: `<urlset>${urls.join('')}</urlset>` });
  }
  const request = { url: large.url('/'), max_urls: 100_000, timeout_ms: 120_000 };
  const { result } = await service.api.finished(await service.api.queue('/v1/map/async', request));
  const urls: { url: string }[] = result.urls;
  assert.equal(new Set(urls.map(({ url }) => url)).size, 100_000);
  assert.deepEqual([urls.length, result.complete], [100_000, false]);
});
