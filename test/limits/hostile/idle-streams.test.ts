import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gate, page } from '../../support/site.ts';
import { ATTACKED_KEY, stageTests, TEST_TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

/** Of one account from one address, which may have 512 connections. */
const WATCHERS = 400;
const WATCHED_MS = 10_000;

let stage: UnderAttack;
stageTests((started) => (stage = started));

const WAYS: Record<string, (job: string) => string> = {
  'streams of events': (job) => `/v1/jobs/${job}/events`,
  'requests that wait': (job) => `/v1/jobs/${job}?wait=25`,
};

for (const [name, pathOf] of Object.entries(WAYS))
  test(`${WATCHERS} ${name}: others notice nothing`, { timeout: TEST_TIMEOUT_MS }, async (t) => {
    const { attacked, site } = stage;
    const held = gate(page('Held', 'text'));
    site.routes.set('/held', held.route);
    const job = await attacked.queue('/v1/scrape/batch/async', {
      urls: [site.url('/held')],
      timeout_ms: 120_000,
    });
    await stage.unnoticed(t, async () => {
      using watchers = new DisposableStack();
      for (let n = 0; n < WATCHERS; n++) watchers.use(await watch(pathOf(job)));
      await sleep(WATCHED_MS);
    });
    held.open();
    await attacked.finished(job);
  });

/** Sends a request, and reads what comes. */
async function watch(path: string): Promise<Disposable> {
  const { port } = new URL(stage.attacked.origin);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ATTACKED_KEY}\r\n\r\n`);
  socket.resume();
  return { [Symbol.dispose]: () => void socket.destroy() };
}
