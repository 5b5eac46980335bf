import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';

const URLS = 100_000;
/** The most that one turn of the event loop may compute. */
const MOST_MS = 100;

/** Measures the longest turn of this thread, in milliseconds of its processor time. */
function watchTurns(): { stop(): number } {
  let longest = 0;
  let before = process.threadCpuUsage();
  let watching = true;
  const look = () => {
    const { user, system } = process.threadCpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
    before = process.threadCpuUsage();
    if (watching) setImmediate(look);
  };
  setImmediate(look);
  return {
    stop: () => {
      watching = false;
      return longest;
    },
  };
}

const BATCHES = {
  'one host': (n: number) => `https://example.com/${n}/${'a'.repeat(160)}`,
  'a host for each URL': (n: number) => `https://host-${n}.example.com/${'a'.repeat(160)}`,
};

for (const [name, urlOf] of Object.entries(BATCHES)) {
  test(`a batch of 100,000 URLs, ${name}, is taken in short turns`, async (t) => {
    await using service = await startTestService({ ROLES: 'web', FREE_CREDITS: String(URLS) });
    const headers = { 'X-Long': 'h'.repeat(4000) };
    const body = JSON.stringify({ urls: Array.from({ length: URLS }, (_, n) => urlOf(n)), headers });
    await service.api('GET', '/v1/me');
    const turns = watchTurns();
    const answer = await fetch(`${service.api.origin}/v1/scrape/batch/async`, {
      method: 'POST',
      headers: { authorization: `Bearer ${service.account.key}` },
      body,
    });
    const longest = turns.stop();
    assert.equal(answer.status, 202, await answer.text());
    t.diagnostic(`the longest turn took ${longest.toFixed(0)} ms`);
    assert.ok(longest < MOST_MS, `${longest} ms`);
  });
}
