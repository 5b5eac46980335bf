import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startDns } from '../../support/net/dns.ts';
import { hostClock } from '../../support/host-clock.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Route, type Site } from '../../support/site.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

interface PageBlock {
  url: string;
  final_url: string | null;
  status: string;
  content_type: string | null;
  error: { code: string } | null;
}

async function crawl(body: { url: string; [option: string]: unknown }): Promise<PageBlock[]> {
  return (await service.api.finished(await service.api.queue('/v1/crawl', body))).result.pages;
}

const ends = (site: Site, pages: PageBlock[]) =>
  Object.fromEntries(pages.map((p) => [p.url.slice(site.origin.length), p.error?.code ?? p.status]));

/** Answers first with an error, then with the route. */
function afterTrouble(status: number, headers: Record<string, string>, body: string): Route {
  let asked = 0;
  return (_req, res) => {
    if (asked++ === 0) res.writeHead(status, headers).end('trouble');
    else res.writeHead(200, { 'content-type': 'text/plain' }).end(body);
  };
}

test('a failing robots.txt defers the crawl, and does not end it', async () => {
  await using site = await startSite({
    '/robots.txt': afterTrouble(503, { 'retry-after': '2' }, 'User-agent: *\nDisallow: /b'),
    '/': page('Home', 'text', ['/a', '/b']),
    '/a': page('A', 'text'),
  });
  const begun = performance.now();
  assert.deepEqual(ends(site, await crawl({ url: site.url('/'), sitemap: 'skip' })), {
    '/': 'ok',
    '/a': 'ok',
    '/b': 'robots',
  });
  assert.ok(performance.now() - begun > 2000);
});

test('a robots.txt that keeps failing forbids the crawl', async () => {
  await using site = await startSite({ '/robots.txt': { status: 500 }, '/': page('Home', 'text') });
  const pages = await crawl({ url: site.url('/'), sitemap: 'skip' });
  assert.deepEqual(ends(site, pages), { '/': 'robots' });
  assert.ok(!site.requests.some(({ path }) => path === '/'));
});

const index = (o: string) =>
  `<sitemapindex>${['/one.xml', '/closed.xml', '/two.xml'].map((s) => `<sitemap><loc>${o}${s}</loc></sitemap>`).join('')}</sitemapindex>`;
const listing = (path: string) => (o: string) => `<urlset><url><loc>${o}${path}</loc></url></urlset>`;
const noting = (content: string, link: string) =>
  `<html><head><meta name="robots" content="${content}"></head><body><p>text <a href="${link}">on</a></p></body></html>`;

test('sitemaps are fetched as politely as pages: rules, delay and headers', async () => {
  let asked = 0;
  const sitemap = (body: (origin: string) => string): Route => {
    return (req, res) => {
      asked++;
      const known = req.headers['x-pass'] === 'yes';
      res
        .writeHead(known ? 200 : 403, { 'content-type': 'text/xml' })
        .end(body(`http://${req.headers.host}`));
    };
  };
  await using site = await startSite({
    '/robots.txt': 'User-agent: *\nCrawl-delay: 0.5\nDisallow: /closed.xml',
    '/': page('Home', 'text'),
    '/sitemap.xml': sitemap(index),
    '/one.xml': sitemap(listing('/first')),
    '/closed.xml': sitemap(listing('/never')),
    '/two.xml': sitemap(listing('/second')),
    '/first': page('First', 'text'),
    '/second': page('Second', 'text'),
  });
  const started = Date.now();
  const pages = await crawl({ url: site.url('/'), headers: { 'x-pass': 'yes' } });
  assert.deepEqual(ends(site, pages), { '/': 'ok', '/first': 'ok', '/second': 'ok' });
  assert.equal(asked, 3);
  // Three sitemaps and three pages, a turn of half a second each.
  assert.ok((await hostClock(service.db, site)) - started >= 6 * 500);
});

test('a sitemap that fails for the moment is fetched once more', async () => {
  await using site = await startSite({ '/': page('Home', 'text'), '/first': page('First', 'text') });
  site.routes.set(
    '/sitemap.xml',
    afterTrouble(502, {}, `<urlset><url><loc>${site.url('/first')}</loc></url></urlset>`),
  );
  assert.deepEqual(ends(site, await crawl({ url: site.url('/'), sitemap: 'only' })), {
    '/': 'ok',
    '/first': 'ok',
  });
});

test('a noindex page is skipped, and its links are followed unless it is nofollow, too', async () => {
  await using site = await startSite({
    '/': page('Home', 'text', ['/list', '/closed']),
    '/list': noting('noindex', '/item'),
    '/closed': noting('noindex, nofollow', '/never'),
    '/item': page('Item', 'text'),
  });
  const pages = await crawl({ url: site.url('/'), sitemap: 'skip', respect_noindex: true });
  assert.deepEqual(ends(site, pages), { '/': 'ok', '/list': 'robots', '/closed': 'robots', '/item': 'ok' });
});

test('a duplicate is reported with the address that answered', async () => {
  await using site = await startSite({
    '/': page('Home', 'text', ['/c', '/c?x=1']),
    '/c': page('C', 'text'),
    '/c?x=1': '<html><head><link rel="canonical" href="/c"></head><body><p>text</p></body></html>',
  });
  const pages = await crawl({ url: site.url('/'), sitemap: 'skip' });
  const duplicate = pages.find((p) => p.error?.code === 'duplicate');
  assert.equal(duplicate?.final_url, site.url('/c?x=1'));
  assert.equal(duplicate.content_type, 'text/html; charset=utf-8');
});

test("headers that may hold credentials go to the start's origin alone unless asked", async () => {
  await using site = await startSite();
  const { port } = new URL(site.origin);
  const start = `http://site.test:${port}/`;
  site.routes.set('/', page('Home', 'text', [`http://sub.site.test:${port}/deep`, '/near']));
  site.routes.set('/near', page('Near', 'text'));
  site.routes.set('/deep', page('Deep', 'text'));
  const names = Object.fromEntries(
    ['site.test', 'sub.site.test'].map((name) => [name, { a: ['127.0.0.1'] }]),
  );
  await using dns = await startDns(names);
  await using named = await startTestService({ DNS_SERVERS: dns.server });
  const headers = { authorization: 'Bearer secret', 'x-api-key': 'secret', 'accept-language': 'de' };
  const sent = async (send_headers_to?: string) => {
    site.requests.length = 0;
    const body = { url: start, headers, allow_subdomains: true, sitemap: 'skip', respect_robots: false };
    await named.api.finished(
      await named.api.queue('/v1/crawl', { ...body, ...(send_headers_to && { send_headers_to }) }),
    );
    return Object.fromEntries(
      site.requests.map((request) => [
        request.path,
        [request.headers.authorization, request.headers['x-api-key'], request.headers['accept-language']],
      ]),
    );
  };
  const all = ['Bearer secret', 'secret', 'de'];
  assert.deepEqual(await sent(), { '/': all, '/near': all, '/deep': [undefined, undefined, 'de'] });
  assert.deepEqual(await sent('site'), { '/': all, '/near': all, '/deep': all });
});
