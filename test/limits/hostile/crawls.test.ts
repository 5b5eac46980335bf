import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { CRAWL_ATTACKS } from './crawl-attacks.ts';
import { startUnderAttack, TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

let stage: UnderAttack;
before(async () => {
  stage = await startUnderAttack();
});
after(() => stage[Symbol.asyncDispose]());

test(
  'hostile robots and sitemaps: each crawl ends, and others notice nothing',
  { timeout: 300_000 },
  async (t) => {
    await stage.unnoticed(t, async (round) => {
      // New hosts in each round, since robots.txt is cached.
      const crawls = Object.entries(CRAWL_ATTACKS).map(async ([name, { ends }], n) => {
        await crawl(t, name, ends, `crawl-${n}.round-${round}.example.test`);
      });
      await Promise.all(crawls);
    });
  },
);

test('two hundred hosts that drip: others notice nothing', { timeout: 200_000 }, async (t) => {
  for (let n = 0; n < 200; n++) stage.dns.zone.set(`drip-${n}.example.test`, { a: ['127.0.0.1'] });
  await stage.unnoticed(t, () => dripEverywhere(t));
});

async function crawl(t: TestContext, name: string, ends: string[], host: string): Promise<void> {
  const { attacked, dns, hostile } = stage;
  dns.zone.set(host, { a: ['127.0.0.1'] });
  const begun = performance.now();
  const url = `http://${host}:${hostile.crawls}/`;
  const job_id = await attacked.queue('/v1/crawl', { url, max_pages: 5, timeout_ms: TIMEOUT_MS });
  const job = await attacked.finished(job_id);
  const [seed] = job.result.pages;
  const end = seed.error?.code ?? seed.status;
  t.diagnostic(`${name}: ${end} of ${job.total}, ${Math.round(performance.now() - begun)} ms`);
  assert.ok(ends.includes(end), `${name}: ${end}`);
}

/** A batch of 200 hosts that never finish, and another account's batch that does. */
async function dripEverywhere(t: TestContext): Promise<void> {
  const { attacked, bystander, hostile, site } = stage;
  const urls = Array.from({ length: 200 }, (_, n) => `http://drip-${n}.example.test:${hostile.crawls}/`);
  const job_id = await attacked.queue('/v1/scrape/batch/async', { urls, timeout_ms: TIMEOUT_MS });
  const begun = performance.now();
  const took = () => `${Math.round(performance.now() - begun)} ms`;
  const others = await bystander.queue('/v1/scrape/batch/async', { urls: Array(50).fill(site.url('/')) });
  assert.equal((await bystander.finished(others)).succeeded, 50);
  t.diagnostic(`a bystander's batch of 50 took ${took()}`);
  const { failed, result } = await attacked.finished(job_id);
  t.diagnostic(`the batch of 200 that drip took ${took()}`);
  assert.equal(failed, urls.length);
  for (const page of result.pages) assert.equal(page.error.code, 'timeout');
}

test('memory that the attacks took returns to the system within ten seconds', async (t) => {
  await stage.returnsMemory(t);
});
