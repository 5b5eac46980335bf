import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Route, type Site } from '../../support/site.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** Fails as `fail` does for the first `times` requests. */
function atFirst(times: number, fail: (req: IncomingMessage, res: ServerResponse) => void): Route {
  let seen = 0;
  return (req, res) => {
    if (seen++ < times) fail(req, res);
    else res.writeHead(200, { 'content-type': 'text/html' }).end(page('Here', 'text'));
  };
}

const answer =
  (status: number, headers: Record<string, string> = {}) =>
  (_req: IncomingMessage, res: ServerResponse) => {
    res.writeHead(status, { 'content-type': 'text/html', ...headers }).end(page('Not now', 'text'));
  };
const asked = (of: Site, path: string) => of.requests.filter((r) => r.path === path).length;

test('transient failures of an asynchronous page are retried; the last answer counts', async () => {
  // A host that asks for a pause gets one as a whole: it is another host than the one that only
  // fails.
  await using pausing = await startSite({ '/busy': atFirst(1, answer(503, { 'retry-after': '1' })) });
  site.routes.set(
    '/reset',
    atFirst(2, (req) => req.socket.resetAndDestroy()),
  );
  site.routes.set('/error', atFirst(1, answer(500)));
  site.routes.set('/always', answer(502));
  site.routes.set('/teapot', answer(418));
  const urls = ['/reset', '/error', '/always', '/teapot'].map((path) => site.url(path));
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls: [...urls, pausing.url('/busy')] });
  const job = await service.api.finished(job_id);
  assert.deepEqual(
    job.result.pages.map((p: { http_status: number }) => p.http_status),
    [200, 200, 502, 418, 200],
  );
  assert.deepEqual(
    ['/reset', '/error', '/always', '/teapot'].map((path) => asked(site, path)),
    [3, 2, 4, 1],
  );
  assert.equal(asked(pausing, '/busy'), 2);
  assert.equal(job.succeeded, 5);
});

test('a synchronous page gets one more try, at once', async () => {
  site.routes.set('/once', atFirst(1, answer(503)));
  const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/once') });
  assert.deepEqual([json.http_status, asked(site, '/once')], [200, 2]);
  site.routes.set('/down', answer(500));
  const down = (await service.api('POST', '/v1/scrape', { url: site.url('/down') })).json;
  assert.deepEqual([down.status, down.http_status, asked(site, '/down')], ['ok', 500, 2]);
});

test('an answer that stays transient is taken as it is, in every coding and size', async () => {
  const text = page('Not now', '<p>Words that stay.</p>'.repeat(5000));
  const codings = { identity: Buffer.from(text), gzip: gzipSync(text), br: brotliCompressSync(text) };
  for (const [coding, body] of Object.entries(codings))
    for (const status of [500, 502, 503, 504]) {
      await using down = await startSite({
        '/': { status, headers: { 'content-encoding': coding, 'content-length': String(body.length) }, body },
      });
      const { json } = await service.api('POST', '/v1/scrape', { url: down.url('/') });
      assert.deepEqual([json.status, json.http_status, json.error], ['ok', status, null], coding);
      assert.match(json.markdown, /Words that stay/);
    }
});

test('a failure that would recur is not retried', async () => {
  const job = await service.api.finished(
    await service.api.queue('/v1/scrape/async', { url: 'http://10.0.0.1/' }),
  );
  assert.equal(job.result.error.code, 'blocked_target');
  const { tries } = await service.db
    .selectFrom('pages')
    .select('tries')
    .where('job_id', '=', job.job_id)
    .executeTakeFirstOrThrow();
  assert.equal(tries, 0);
});
