import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SMALL_PAGES } from './pages/small.ts';
import { stageTests, TEST_TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

let stage: UnderAttack;
stageTests((started) => (stage = started));

/** Of HOSTILE_PAGES those that take most memory. */
const LARGE = ['nine megabytes of links', 'headings', 'formulas', 'a table of empty cells', 'options'];
const PAGES = 40;
/** One page in so many is a large one. */
const LARGE_EVERY = 5;

test('a batch of large and small pages: others notice nothing', { timeout: TEST_TIMEOUT_MS }, async (t) => {
  const small = Object.keys(SMALL_PAGES);
  const names = Array.from({ length: PAGES }, (_, n) =>
    n % LARGE_EVERY === 0 ? LARGE[(n / LARGE_EVERY) % LARGE.length]! : small[n % small.length]!,
  );
  await stage.unnoticed(t, async () => {
    const job_id = await stage.attacked.queue('/v1/scrape/batch/async', {
      urls: names.map(
        (name, n) => `http://127.0.0.1:${stage.hostile.pages}/${encodeURIComponent(name)}?${n}`,
      ),
      formats: ['markdown', 'links', 'html', 'text'],
    });
    const path = `/v1/jobs/${job_id}?wait=25&result=false`;
    let { json } = await stage.attacked('GET', path);
    while (json.finished_at === null) ({ json } = await stage.attacked('GET', path));
    t.diagnostic(`${json.succeeded} read, ${json.failed} failed`);
    assert.ok(json.succeeded >= PAGES - PAGES / LARGE_EVERY);
  });
});

test('memory that the batch took returns to the system within ten seconds', async (t) => {
  await stage.returnsMemory(t);
});
