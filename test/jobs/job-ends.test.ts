import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createBrowserSession } from '../support/browser/session.ts';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { gate, page, startSite, type Route } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
let receiver: Receiver;
before(async () => {
  service = await startTestService({ WORKER_THREADS: '2' });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const credits = async () => (await service.api('GET', '/v1/me')).json.credits as number;
/** However slow the machine is, the time of a job is up when the test has seen enough of it. */
const timeIsUp = async (id: string) =>
  await sql`update job_deadlines set due_at = now() where job_id = ${id}`.execute(service.db);
const codes = (pages: { error: { code: string } | null }[]) => pages.map(({ error }) => error?.code ?? 'ok');

test('a job ends when its time is up, with what is done; the rest costs nothing', async () => {
  await using site = await startSite({ '/': page('Here', 'text'), '/stuck': () => undefined });
  const had = await credits();
  const urls = [site.url('/'), site.url('/stuck'), site.url('/stuck')];
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls,
    finish_within: 600,
    timeout_ms: 120_000,
    webhook_url: receiver.url('/cut'),
  });
  const { finish_by, created_at } = (await service.api('GET', `/v1/jobs/${job_id}`)).json;
  assert.equal(Date.parse(finish_by) - Date.parse(created_at), 600_000);
  await eventually(async () => (await service.api('GET', `/v1/jobs/${job_id}`)).json.succeeded === 1);
  await timeIsUp(job_id);
  const job = await service.api.finished(job_id);
  assert.deepEqual([job.status, job.cut_short, job.succeeded, job.failed], ['completed', true, 1, 2]);
  assert.deepEqual(codes(job.result.pages), ['ok', 'deadline_exceeded', 'deadline_exceeded']);
  assert.equal(had - (await credits()), 1);
  const [callback] = await receiver.received(1, '/cut');
  const body = JSON.parse(callback!.body.toString());
  assert.deepEqual(Object.keys(body), ['job_id', 'status', 'result', 'cut_short']);
  assert.equal(body.cut_short, true);
  assert.deepEqual(body.result, job.result);
  const session = createBrowserSession(service.api.origin);
  await session.signIn('/console', service.account.key);
  const shown = await session.get(`/console/jobs/${job_id}`);
  assert.match(shown.text, /when the time of finish_within was up/);
  await assertBooksBalance(service.db);
});

test('a job that is done in time is not cut short', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  const body = { url: site.url('/'), finish_within: 600, webhook_url: receiver.url('/whole') };
  const job = await service.api.finished(await service.api.queue('/v1/scrape/async', body));
  assert.deepEqual([job.status, job.cut_short], ['completed', false]);
  const [callback] = await receiver.received(1, '/whole');
  assert.equal(JSON.parse(callback!.body.toString()).cut_short, false);
});

test('a crawl whose time is up queues nothing more, and drops what is under way', async () => {
  const held = gate(page('Next', 'text', ['/after']));
  await using site = await startSite({ '/': page('Start', 'text', ['/next']), '/next': held.route });
  const body = { url: site.url('/'), sitemap: 'skip', finish_within: 600, timeout_ms: 120_000 };
  const job_id = await service.api.queue('/v1/crawl', body);
  await held.entered;
  await timeIsUp(job_id);
  const job = await service.api.finished(job_id);
  held.open();
  assert.deepEqual([job.cut_short, job.total, job.succeeded, job.failed], [true, 2, 1, 1]);
  assert.ok(!site.requests.some(({ path }) => path === '/after'));
  await assertBooksBalance(service.db);
});

test('a job whose time was up while no process ran is ended by the next one', async () => {
  await using web = await startTestService({ ROLES: 'web' });
  // More pages than one transaction ends.
  const urls = Array.from({ length: 4100 }, (_, n) => `https://example.com/${n}`);
  const queued = await web.api.queue('/v1/scrape/batch/async', { urls, finish_within: 1 });
  // As a process leaves it that is killed between two transactions.
  await sql`update jobs set cut_short = true where id = ${queued}`.execute(web.db);
  await sql`select pg_sleep(1)`.execute(web.db);
  assert.equal((await web.api('GET', `/v1/jobs/${queued}`)).json.status, 'queued');
  const env = { ROLES: 'worker', DATABASE_URL: web.context.databaseUrl, ALLOW_PRIVATE_TARGETS: '' };
  await using worker = await startTestService({ ...env, OLLAGRAPH_API_KEY: web.account.key });
  const job = await web.api.finished(queued);
  assert.deepEqual([job.status, job.cut_short, job.succeeded + job.failed], ['failed', true, 4100]);
  assert.ok(codes(job.result.pages).includes('deadline_exceeded'));
  await assertBooksBalance(worker.db);
});

test('no more pages of a job are fetched at once than it allows, over all threads and hosts', async () => {
  let open = 0;
  let most = 0;
  let full = Promise.withResolvers<void>();
  /** Answers once two requests are open, or one that is the last. */
  const together: Route = (_req, res) => {
    most = Math.max(most, ++open);
    if (open === 2) full.resolve();
    void full.promise.then(() => {
      open--;
      if (open === 0) full = Promise.withResolvers();
      res.writeHead(200, { 'content-type': 'text/html' }).end(page('Here', 'text'));
    });
  };
  await using one = await startSite();
  await using other = await startSite();
  const urls = Array.from({ length: 80 }, (_, n) => (n % 2 === 0 ? one : other).url(`/${n}`));
  for (const url of urls)
    (url.startsWith(one.origin) ? one : other).routes.set(new URL(url).pathname, together);
  const body = { urls, max_concurrency: 2, timeout_ms: 120_000 };
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', body));
  assert.deepEqual([job.succeeded, most], [80, 2]);
  assert.equal(job.options.max_concurrency, 2);
});

test('the 202 says how long the delays of the hosts make a job take', async () => {
  const estimate = async (path: string, body: object) => {
    const { json } = await service.api('POST', path, body);
    await service.api('POST', `/v1/jobs/${json.job_id}/cancel`);
    return json.estimated_seconds as number | null;
  };
  await using site = await startSite({
    '/robots.txt': { status: 200, body: 'User-agent: *\nCrawl-delay: 1' },
    '/': page('Home', 'text'),
  });
  const url = site.url('/');
  assert.equal(await estimate('/v1/scrape/async', { url }), null);
  assert.equal(await estimate('/v1/crawl', { url, delay_ms: 500, max_pages: 30 }), 15);
  await service.api('POST', '/v1/scrape', { url, respect_robots: true });
  const known = await estimate('/v1/scrape/batch/async', {
    urls: Array.from({ length: 40 }, () => url),
    respect_robots: true,
  });
  assert.ok(known! >= 40 && known! <= 42, String(known));
  assert.equal(await estimate('/v1/scrape/batch/async', { urls: [url], respect_robots: false }), null);
  const bounded = { url, delay_ms: 500, max_pages: 300, finish_within: 7 };
  assert.equal(await estimate('/v1/crawl', bounded), 7);
});

test('impossible limits are refused by name', async () => {
  for (const [field, value] of [
    ['finish_within', 0],
    ['finish_within', 604_801],
    ['max_concurrency', 0],
    ['max_concurrency', 101],
  ] as const) {
    const { status, json } = await service.api('POST', '/v1/scrape/async', {
      url: 'https://example.com/',
      [field]: value,
    });
    assert.deepEqual([status, json.errors[0].path], [422, field]);
  }
});
