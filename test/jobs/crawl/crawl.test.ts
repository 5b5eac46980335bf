import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertBooksBalance } from '../../support/checks/ledger.ts';
import { hostClock } from '../../support/host-clock.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite, type Route, type Site } from '../../support/site.ts';

let service: TestService;
before(async () => {
  service = await startTestService({ WORKER_THREADS: '2' });
});
after(() => service[Symbol.asyncDispose]());

interface CrawlResult {
  job_id: string;
  status: string;
  succeeded: number;
  skipped: number;
  total: number;
  result: { pages: { url: string; status: string; error: { code: string } | null }[] };
}

async function crawl(body: { url: string; [option: string]: unknown }): Promise<CrawlResult> {
  const job = await service.api.finished(await service.api.queue('/v1/crawl', { sitemap: 'skip', ...body }));
  await assertBooksBalance(service.db);
  return job;
}

const paths = (site: Site, { result }: CrawlResult) =>
  result.pages.map((p) => p.url.slice(site.origin.length));
const withState = (site: Site, job: CrawlResult, status: string) =>
  job.result.pages.filter((p) => p.status === status).map((p) => p.url.slice(site.origin.length));

/** A page that takes a few milliseconds, another number each time. */
function unevenly(body: string): Route {
  return (_req, res) => {
    setTimeout(() => res.writeHead(200, { 'content-type': 'text/html' }).end(body), Math.random() * 25);
  };
}

/** A site in which page n links to 2n+1 and 2n+2, and to pages that were found before. */
function treeSite(pages: number): Record<string, Route> {
  const routes: Record<string, Route> = {};
  for (let n = 0; n < pages; n++) {
    const links = [`/${2 * n + 2}`, '/0', `/${2 * n + 1}`, `/${Math.floor(n / 2)}`].filter(
      (l) => Number(l.slice(1)) < pages,
    );
    routes[`/${n}`] = unevenly(page(`Page ${n}`, 'text', links));
  }
  return routes;
}

/** The order in which a single worker would find the pages of that site. */
function breadthFirst(pages: number, limit: number): string[] {
  const found = ['/0'];
  for (const path of found) {
    const n = Number(path.slice(1));
    for (const link of [2 * n + 2, 2 * n + 1])
      if (link < pages && !found.includes(`/${link}`)) found.push(`/${link}`);
  }
  return found.slice(0, limit);
}

test('a crawl has exactly max_pages pages, in the same order however they arrive', async () => {
  await using site = await startSite(treeSite(150));
  const expected = breadthFirst(150, 90);
  for (let round = 0; round < 3; round++) {
    const earlier = site.requests.filter((r) => r.path !== '/robots.txt').length;
    const job = await crawl({ url: site.url('/0'), max_pages: 90 });
    assert.deepEqual([job.status, job.total, job.succeeded], ['completed', 90, 90]);
    assert.deepEqual(paths(site, job), expected);
    assert.equal(site.requests.filter((r) => r.path !== '/robots.txt').length - earlier, 90);
  }
});

test('a crawl ends by itself when there is nothing more', async () => {
  await using site = await startSite(treeSite(31));
  const job = await crawl({ url: site.url('/0'), max_pages: 1000 });
  assert.deepEqual([job.status, job.total], ['completed', 31]);
  assert.deepEqual(paths(site, job), breadthFirst(31, 31));
});

test('what is skipped makes room for others: max_pages counts the pages that are kept', async () => {
  const routes = treeSite(60);
  const noindex =
    '<html><head><meta name="robots" content="noindex"><title>x</title></head><body>Hidden</body></html>';
  for (const n of [3, 5, 7, 9]) routes[`/${n}`] = noindex;
  await using site = await startSite(routes);
  const job = await crawl({ url: site.url('/0'), max_pages: 12, respect_noindex: true });
  assert.equal(job.succeeded, 12);
  assert.equal(job.total, job.succeeded + job.skipped);
  assert.deepEqual(withState(site, job, 'skipped').toSorted(), ['/3', '/5', '/7', '/9']);
  for (const p of job.result.pages) if (p.status === 'skipped') assert.equal(p.error?.code, 'robots');
});

test('a page that leads to one already there, or off the site, is skipped', async () => {
  await using elsewhere = await startSite({ '/': page('Elsewhere', 'text') });
  await using site = await startSite({
    '/': page('Start', 'text', [
      '/a',
      '/to-a',
      '/away',
      '/a#part',
      '/a?utm_source=x',
      `${elsewhere.origin}/`,
    ]),
    '/a': page('A', 'text'),
    '/to-a': { status: 301, headers: { location: '/a' } },
    '/away': { status: 302, headers: { location: `${elsewhere.origin}/` } },
  });
  const job = await crawl({ url: site.url('/') });
  assert.deepEqual(withState(site, job, 'ok'), ['/', '/a']);
  const skipped = job.result.pages.filter((p) => p.status === 'skipped');
  assert.deepEqual(
    skipped.map((p) => [p.url, p.error?.code]),
    [
      [site.url('/to-a'), 'duplicate'],
      [site.url('/away'), 'out_of_scope'],
    ],
  );
});

test('robots.txt is kept by default, and its disallowed pages are not asked for', async () => {
  const routes = {
    '/robots.txt': {
      headers: { 'content-type': 'text/plain' },
      body: 'User-agent: *\nDisallow: /private/\n',
    },
    '/': page('Start', 'text', ['/public', '/private/a']),
    '/public': page('Public', 'text'),
    '/private/a': page('Private', 'text'),
  };
  await using site = await startSite(routes);
  const job = await crawl({ url: site.url('/') });
  assert.deepEqual(withState(site, job, 'ok'), ['/', '/public']);
  assert.deepEqual(withState(site, job, 'skipped'), ['/private/a']);
  assert.ok(!site.requests.some((r) => r.path === '/private/a'));
  const all = await crawl({ url: site.url('/'), respect_robots: false });
  assert.deepEqual(withState(site, all, 'ok'), ['/', '/public', '/private/a']);
});

function sitemapOf(...urls: string[]): string {
  const entries = urls.map((url) => `<url><loc>${url}</loc></url>`).join('');
  return `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${entries}</urlset>`;
}

test('sitemaps: included by default after the links, alone, or not at all', async () => {
  await using site = await startSite({
    '/': page('Start', 'text', ['/linked']),
    '/linked': page('Linked', 'text'),
    '/listed': page('Listed', 'text'),
  });
  site.routes.set('/sitemap.xml', {
    headers: { 'content-type': 'application/xml' },
    body: sitemapOf(site.url('/listed'), 'https://elsewhere.example/x'),
  });
  const found = async (sitemap: string) => paths(site, await crawl({ url: site.url('/'), sitemap }));
  assert.deepEqual(await found('include'), ['/', '/linked', '/listed']);
  assert.deepEqual(await found('only'), ['/', '/listed']);
  assert.deepEqual(await found('skip'), ['/', '/linked']);
});

test('max_depth, include_paths, exclude_paths and ignore_query_parameters bound the crawl', async () => {
  await using site = await startSite({
    '/': page('Start', 'text', ['/docs/1', '/blog/1', '/docs/1?page=2']),
    '/docs/1': page('One', 'text', ['/docs/2', '/docs/old/1']),
    '/docs/1?page=2': page('One, again', 'text'),
    '/docs/2': page('Two', 'text', ['/docs/3']),
    '/docs/3': page('Three', 'text'),
    '/docs/old/1': page('Old', 'text'),
    '/blog/1': page('Blog', 'text'),
  });
  assert.deepEqual(paths(site, await crawl({ url: site.url('/'), max_depth: 1 })), [
    '/',
    '/docs/1',
    '/blog/1',
    '/docs/1?page=2',
  ]);
  assert.deepEqual(paths(site, await crawl({ url: site.url('/'), max_depth: 0 })), ['/']);
  const bounded = {
    include_paths: ['/docs/*'],
    exclude_paths: ['/docs/old/*'],
    ignore_query_parameters: true,
  };
  assert.deepEqual(paths(site, await crawl({ url: site.url('/'), ...bounded })), [
    '/',
    '/docs/1',
    '/docs/2',
    '/docs/3',
  ]);
});

test('a crawl fails when its first page fails, and completes when later pages fail', async () => {
  const gone = await crawl({ url: 'http://10.0.0.1/' });
  assert.deepEqual([gone.status, gone.total, gone.succeeded], ['failed', 1, 0]);
  await using site = await startSite({
    '/': page('Start', 'text', ['/broken']),
    '/broken': { status: 302, headers: { location: '/broken' } },
  });
  const partly = await crawl({ url: site.url('/') });
  assert.equal(partly.status, 'completed');
  assert.deepEqual(withState(site, partly, 'failed'), ['/broken']);
});

test('delay_ms keeps the fetches of one host apart', async () => {
  await using site = await startSite(treeSite(5));
  const started = Date.now();
  const job = await crawl({ url: site.url('/0'), delay_ms: 200 });
  assert.equal(job.result.pages.length, 5);
  // Each fetch moves the host's clock on by the delay.
  assert.ok((await hostClock(service.db, site)) - started >= 5 * 200);
});
