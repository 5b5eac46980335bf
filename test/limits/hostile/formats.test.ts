import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOSTILE_PAGES } from './pages/index.ts';
import { stageTests, TEST_TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

let stage: UnderAttack;
stageTests((started) => (stage = started));

/** How a page may end that no reader can read within its limits. */
const ENDS = ['ok', 'too_large', 'parse_timeout', 'unsupported_content_type'];
/** The time that one page of a synchronous request has, and what the service adds to say so. */
const TIMEOUT_MS = 20_000;
const MARGIN_MS = 3000;

const urlOf = (name: string) => `http://127.0.0.1:${stage.hostile.pages}/${encodeURIComponent(name)}`;

for (const [kind, pages] of Object.entries(HOSTILE_PAGES)) {
  for (const [name, { options }] of Object.entries(pages))
    test(
      `${kind}, ${name}, as a single page: it ends, and others notice nothing`,
      { timeout: TEST_TIMEOUT_MS },
      async (t) => {
        await stage.unnoticed(t, async () => {
          const begun = performance.now();
          const request = { url: urlOf(name), timeout_ms: TIMEOUT_MS, ...options };
          const { json } = await stage.attacked('POST', '/v1/scrape', request);
          const end = json.error?.code ?? json.status;
          const tookMs = performance.now() - begun;
          t.diagnostic(`${name}: ${end} after ${Math.round(tookMs)} ms`);
          assert.ok(ENDS.includes(end), end);
          assert.ok(tookMs < TIMEOUT_MS + MARGIN_MS, `${tookMs} ms`);
        });
      },
    );

  test(
    `${kind}, all pages as one batch: each ends, and others notice nothing`,
    { timeout: TEST_TIMEOUT_MS },
    async (t) => {
      await stage.unnoticed(t, async () => {
        const urls = Object.keys(pages).map(urlOf);
        const job_id = await stage.attacked.queue('/v1/scrape/batch/async', {
          urls,
          formats: ['markdown', 'links'],
        });
        const path = `/v1/jobs/${job_id}?wait=25`;
        let { json } = await stage.attacked('GET', path);
        while (json.finished_at === null) ({ json } = await stage.attacked('GET', path));
        for (const { error, status } of json.result.pages)
          assert.ok(ENDS.includes(error?.code ?? status), error?.code);
      });
    },
  );
}

test('memory that pages took returns to the system within ten seconds', async (t) => {
  await stage.returnsMemory(t);
});
