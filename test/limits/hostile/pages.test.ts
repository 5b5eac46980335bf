import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { DOCUMENT_ATTACKS, LARGE_ATTACKS, PAGE_ATTACKS, RECEIVER_ATTACKS, type Attack } from './attacks.ts';
import { assertEnd, startUnderAttack, TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

let stage: UnderAttack;
before(async () => {
  stage = await startUnderAttack();
});
after(() => stage[Symbol.asyncDispose]());

const DOCUMENT_TIMEOUT_MS = 5000;

interface Ended {
  url: string;
  status: string;
  error: { code: string } | null;
  duration_ms: number;
}

const attackUrl = (name: string) => `http://127.0.0.1:${stage.hostile.pages}/${encodeURIComponent(name)}`;

/** Scrapes the attack and returns the milliseconds. */
async function scrape(name: string, ends: string[]): Promise<number> {
  const answer = await stage.attacked('POST', '/v1/scrape', { url: attackUrl(name), timeout_ms: TIMEOUT_MS });
  const { status, error, duration_ms } = answer.json as Ended;
  assertEnd(name, ends, error?.code ?? status, duration_ms, TIMEOUT_MS);
  return duration_ms;
}

test('hostile origins: each ends in its typed error in time, and others notice nothing', async (t) => {
  // The slow ones run all at once, below.
  const named = Object.entries(PAGE_ATTACKS).filter(([, { ends }]) => ends[0] !== 'timeout');
  await stage.unnoticed(t, async () => {
    for (const [name, { ends }] of named) t.diagnostic(`${name}: ${await scrape(name, ends)} ms`);
  });
});

test('hostile origins at once: each ends in a typed error in time, and others notice nothing', async (t) => {
  await stage.unnoticed(t, async () => {
    // Floods share the machine, so they may time out, too.
    const scraped = Object.entries(PAGE_ATTACKS).map(([name, { ends }]) =>
      scrape(name, [...ends, 'timeout']),
    );
    t.diagnostic(`the longest took ${Math.max(...(await Promise.all(scraped)))} of ${TIMEOUT_MS} ms`);
  });
});

test('hostile documents: each is read in time, and others notice nothing', { timeout: 80_000 }, async (t) => {
  await stage.unnoticed(t, () => scrapeDocuments(t, DOCUMENT_ATTACKS, 1));
});

test('documents as large as may be, all at once: others notice nothing', { timeout: 200_000 }, async (t) => {
  await stage.unnoticed(t, () => scrapeDocuments(t, LARGE_ATTACKS, 2));
});

/** Scrapes the documents in one batch, each `times` times. */
async function scrapeDocuments(
  t: TestContext,
  attacks: Record<string, Attack>,
  times: number,
): Promise<void> {
  const { attacked } = stage;
  const names = Array.from({ length: times }, () => Object.keys(attacks)).flat();
  const job_id = await attacked.queue('/v1/scrape/batch/async', {
    urls: names.map((name, n) => `${attackUrl(name)}?${n}`),
    timeout_ms: DOCUMENT_TIMEOUT_MS,
    formats: ['markdown', 'links', 'metadata'],
  });
  while (!(await attacked('GET', `/v1/jobs/${job_id}?wait=25&result=false`)).json.finished_at);
  const pages = await pagesOf(job_id);
  assert.equal(pages.length, names.length);
  for (const [n, { status, error, duration_ms }] of pages.entries()) {
    const end = error?.code ?? status;
    t.diagnostic(`${names[n]}: ${end} ${duration_ms} ms`);
    assertEnd(names[n]!, attacks[names[n]!]!.ends, end, duration_ms, DOCUMENT_TIMEOUT_MS);
  }
}

async function pagesOf(jobId: string): Promise<Ended[]> {
  const pages: Ended[] = [];
  for (let cursor = ''; ;) {
    const { json } = await stage.attacked('GET', `/v1/jobs/${jobId}/pages?limit=100${cursor}`);
    pages.push(...(json.data as Ended[]));
    if (json.next_cursor === null) return pages;
    cursor = `&cursor=${json.next_cursor}`;
  }
}

test('hostile receivers: each attempt ends in its typed error in time, and others get theirs', async (t) => {
  const { attacked, bystander, dns, hostile, receiver, site } = stage;
  const attacks = Object.entries(RECEIVER_ATTACKS);
  // One endpoint each, so that none waits for another.
  for (const n of attacks.keys()) dns.zone.set(`attack-${n}.example.test`, { a: ['127.0.0.1'] });
  await stage.unnoticed(t, async (round) => {
    const delivered = bystander.queue('/v1/scrape/async', {
      url: site.url('/'),
      webhook_url: receiver.url(),
    });
    const tests = await Promise.all(
      attacks.map(([name], n) =>
        attacked('POST', '/v1/me/webhooks/test', {
          webhook_url: `https://attack-${n}.example.test:${hostile.callbacks}/${encodeURIComponent(name)}`,
        }),
      ),
    );
    for (const [n, [name, { ends }]] of attacks.entries()) {
      const [first] = tests[n]!.json.attempt_log;
      assertEnd(name, ends, first.error ?? 'ok', first.duration_ms, TIMEOUT_MS);
      assert.ok((first.response_body ?? '').length <= 1024);
    }
    await delivered;
    await receiver.received(round);
  });
});

test('memory that the attacks took returns to the system within ten seconds', async (t) => {
  await stage.returnsMemory(t);
});
