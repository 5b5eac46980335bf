import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import type { Api } from '../../support/api.ts';
import { quantile } from '../../support/measure/quantile.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

/** The places at a host, and how many of them one account may hold. */
const PLACES = 8;
const SHARE = 6;
/** Longer than anyone waits here. */
const TIMEOUT_MS = 120_000;

/** A site with a page, and others that answer when the test says so. Counts what hangs. */
async function startHangingSite() {
  const open = new Map<object, () => void>();
  let hangs = true;
  const site = await startSite(
    { '/': page('Here', 'text') },
    {
      fallback: ({ socket }, res) => {
        const answer = () => res.writeHead(200, { 'content-type': 'text/html' }).end(page('Late', 'text'));
        if (hangs) {
          open.set(socket, answer);
          socket.on('close', () => open.delete(socket));
        } else answer();
      },
    },
  );
  return {
    site,
    open,
    release: () => {
      hangs = false;
      for (const answer of open.values()) answer();
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

let service: TestService;
before(async () => {
  service = await startTestService({ HOST_CONCURRENCY: String(PLACES) });
});
after(() => service[Symbol.asyncDispose]());

for (const count of [8, 40]) {
  test(`${count} single pages that hang leave their host to another account`, async (t) => {
    await using hanging = await startHangingSite();
    const { api } = await service.createAccount();
    const body = { url: hanging.site.url('/hang'), timeout_ms: TIMEOUT_MS };
    const jobs = [];
    for (let n = 0; n < count; n++) jobs.push(await api.queue('/v1/scrape/async', body));
    await assertLeft(t, hanging);
    for (const job of jobs) await api.finished(job);
  });

  test(`a batch of ${count} pages that hang leaves their host to another account`, async (t) => {
    await using hanging = await startHangingSite();
    const { api } = await service.createAccount();
    const urls = Array.from({ length: count }, (_, n) => hanging.site.url(`/hang?${n}`));
    const job = await api.queue('/v1/scrape/batch/async', { urls, timeout_ms: TIMEOUT_MS });
    await assertLeft(t, hanging);
    await api.finished(job);
  });
}

type HangingSite = Awaited<ReturnType<typeof startHangingSite>>;

/** Asserts that another account gets the same host's pages and those of its own site. */
async function assertLeft(t: TestContext, { site, open, release }: HangingSite): Promise<void> {
  await eventually(() => open.size === SHARE);
  const { api } = await service.createAccount();
  await using own = await startSite({ '/': page('Own', 'text') });
  for (const [name, url] of Object.entries({
    'the same host': site.url('/'),
    'its own site': own.url('/'),
  })) {
    const single = await timed(10, async () => await scrape(api, url));
    const batch = await timed(1, async () => await scrapeBatch(api, url));
    const [p50, longest] = [quantile(single, 0.5), Math.max(...single)].map((ms) => ms.toFixed(0));
    t.diagnostic(`${name}: a page p50 ${p50} ms, longest ${longest} ms; a batch ${batch[0]!.toFixed(0)} ms`);
    // No more were opened, and nobody has waited until one ended.
    assert.equal(open.size, SHARE);
  }
  release();
}

async function timed(times: number, work: () => Promise<void>): Promise<number[]> {
  const durations: number[] = [];
  for (let n = 0; n < times; n++) {
    const begun = performance.now();
    await work();
    durations.push(performance.now() - begun);
  }
  return durations;
}

async function scrape(api: Api, url: string): Promise<void> {
  assert.equal((await api('POST', '/v1/scrape', { url })).json.status, 'ok');
}

async function scrapeBatch(api: Api, url: string): Promise<void> {
  const job = await api.finished(await api.queue('/v1/scrape/batch/async', { urls: Array(5).fill(url) }));
  assert.equal(job.succeeded, 5);
}
