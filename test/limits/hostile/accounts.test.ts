import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Api } from '../../support/api.ts';
import { LARGE_ATTACKS } from './attacks.ts';
import { stageTests, TEST_TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

let stage: UnderAttack;
stageTests((started) => (stage = started));

/** Asks for the page by a request whose page is the only one, and says how it ended. */
async function endOf(api: Api, path: string, body: object): Promise<string> {
  const job_id = await api.queue(path, body);
  const at = `/v1/jobs/${job_id}?wait=25&result=false`;
  let { json } = await api('GET', at);
  while (json.finished_at === null) ({ json } = await api('GET', at));
  if (json.succeeded === 1) return 'ok';
  return (await api('GET', `/v1/jobs/${job_id}/pages`)).json.data[0].error.code;
}

/** One page of an account in each lane at once. */
async function inBothLanes(t: TestContext, api: Api, name: string): Promise<void> {
  const url = `http://127.0.0.1:${stage.hostile.pages}/${encodeURIComponent(name)}`;
  const formats = ['markdown', 'links'];
  const ends = await Promise.all([
    endOf(api, '/v1/scrape/async', { url, formats }),
    endOf(api, '/v1/scrape/batch/async', { urls: [url], formats }),
  ]);
  t.diagnostic(`${name}: ${ends.join(', ')}`);
  for (const end of ends) assert.ok(LARGE_ATTACKS[name]!.ends.includes(end), `${name}: ${end}`);
}

test(
  'four accounts with pages of nine megabytes in both lanes: each ends, and others notice nothing',
  { timeout: TEST_TIMEOUT_MS },
  async (t) => {
    const names = Object.keys(LARGE_ATTACKS);
    const accounts = await Promise.all(names.map(async (name) => await stage.account(name)));
    await stage.unnoticed(t, async () => {
      await Promise.all(names.map(async (name, n) => await inBothLanes(t, accounts[n]!, name)));
    });
  },
);

test('memory that the pages took returns to the system within ten seconds', async (t) => {
  await stage.returnsMemory(t);
});
