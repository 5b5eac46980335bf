import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ATTACKED_KEY, stageTests, TEST_TIMEOUT_MS, type UnderAttack } from './under-attack.ts';

/** Of one address, which may have 512 connections. */
const CONNECTIONS = 400;
const UNREAD_MS = 10_000;
const PAGE_BYTES = 9 * 1024 * 1024;

let stage: UnderAttack;
stageTests((started) => (stage = started));

test("the API's document: others notice nothing", { timeout: TEST_TIMEOUT_MS }, async (t) => {
  await stage.unnoticed(t, async () => await askAndNotRead('/openapi.json'));
});

test('a large page: others notice nothing', { timeout: TEST_TIMEOUT_MS }, async (t) => {
  const { attacked, site } = stage;
  site.routes.set('/long', {
    headers: { 'content-type': 'text/plain' },
    body: 'a line of text\n'.repeat(PAGE_BYTES / 15),
  });
  const job = await attacked.queue('/v1/scrape/async', { url: site.url('/long'), formats: ['text'] });
  await attacked.finished(job);
  for (const path of [`/v1/jobs/${job}`, `/v1/jobs/${job}/result`, `/v1/jobs/${job}/pages`])
    await stage.unnoticed(t, async () => await askAndNotRead(path));
});

/** Sends many requests, and reads none of the answers. */
async function askAndNotRead(path: string): Promise<void> {
  const { port } = new URL(stage.attacked.origin);
  using sockets = new DisposableStack();
  for (let n = 0; n < CONNECTIONS; n++) {
    const socket = sockets.adopt(connect(Number(port), '127.0.0.1'), (one: Socket) => void one.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ATTACKED_KEY}\r\n\r\n`);
  }
  await sleep(UNREAD_MS);
}
