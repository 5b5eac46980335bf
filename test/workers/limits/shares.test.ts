import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDns } from '../../support/net/dns.ts';
import { startTestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

const HOSTS = Array.from({ length: 20 }, (_, n) => `host-${n}.test`);

/** A site whose pages under /hang are answered when the test says so. */
async function startHangingSite() {
  const held: (() => void)[] = [];
  let hangs = true;
  await using stack = new AsyncDisposableStack();
  const site = stack.use(await startSite({ '/': page('Here', 'text') }));
  const dns = stack.use(
    await startDns(Object.fromEntries(HOSTS.map((host) => [host, { a: ['127.0.0.1'] }]))),
  );
  const { port } = new URL(site.origin);
  const owned = stack.move();
  site.routes.set('/hang', (_req, res) => {
    const answer = () => res.writeHead(200, { 'content-type': 'text/html' }).end(page('Late', 'text'));
    if (hangs) held.push(answer);
    else answer();
  });
  return {
    site,
    held,
    dns,
    /** The hanging page, on one of many hosts. */
    url: (n: number) => `http://${HOSTS[n % HOSTS.length]}:${port}/hang`,
    release: () => {
      hangs = false;
      for (const answer of held.splice(0)) answer();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("an account's single pages that hang leave slices and pages of the lane to others", async () => {
  await using hanging = await startHangingSite();
  const { site, held, dns, url, release } = hanging;
  // More than one account may hold, on more hosts than its share per host fills.
  await using service = await startTestService({ HOST_CONCURRENCY: '64', DNS_SERVERS: dns.server });
  const other = await service.createAccount();
  const jobs = Array.from({ length: 140 }, (_, n) =>
    service.api.queue('/v1/scrape/async', { url: url(n), timeout_ms: 120_000 }),
  );
  await Promise.all(jobs);
  await eventually(() => held.length >= 48);
  for (let n = 0; n < 5; n++) {
    const { json } = await other.api('POST', '/v1/scrape', { url: site.url('/') });
    assert.equal(json.status, 'ok', JSON.stringify(json.error));
  }
  release();
  for (const job of jobs) assert.equal((await service.api.finished(await job)).succeeded, 1);
});

test("an account's batch that hangs leaves slices and pages of the lane to others", async () => {
  await using hanging = await startHangingSite();
  const { site, held, dns, url, release } = hanging;
  await using service = await startTestService({
    WORKER_THREADS: '1',
    HOST_CONCURRENCY: '64',
    DNS_SERVERS: dns.server,
  });
  const other = await service.createAccount();
  const urls = Array.from({ length: 200 }, (_, n) => url(n));
  const slow = await service.api.queue('/v1/scrape/batch/async', { urls, timeout_ms: 120_000 });
  await eventually(() => held.length >= 48);
  const quick = Array.from({ length: 3 }, () => site.url('/'));
  const job = await other.api.finished(await other.api.queue('/v1/scrape/batch/async', { urls: quick }));
  assert.equal(job.succeeded, 3);
  assert.equal((await service.api('GET', `/v1/jobs/${slow}?result=false`)).json.remaining, 200);
  release();
  assert.equal((await service.api.finished(slow)).succeeded, 200);
});
