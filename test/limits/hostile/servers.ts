import type { Socket } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { coded, startOrigin } from '../../support/net/origin.ts';
import { readCertificate } from '../../support/net/certificates.ts';
import { testRun } from '../../support/environment.ts';
import { pour } from '../../support/net/pour.ts';
import { DOCUMENT_ATTACKS, LARGE_ATTACKS, PAGE_ATTACKS, RECEIVER_ATTACKS, type Attack } from './attacks.ts';
import type { HostilePage } from './pages/page.ts';
import { HOSTILE_PAGES } from './pages/index.ts';
import { SMALL_PAGES } from './pages/small.ts';
import { answerAsSite, CRAWL_ATTACKS } from './crawl-attacks.ts';

/**
 * The attacking servers have their own thread, so that floods do not disturb the measurement. It
 * posts their ports, and ends when it is terminated.
 */
const certificate = await readCertificate(testRun().directory);
/** Made when they are asked for, and small on the wire. */
const formats = Object.entries(
  Object.assign({ ...SMALL_PAGES }, ...Object.values(HOSTILE_PAGES)) as Record<string, HostilePage>,
).map(([name, page]): [string, Attack] => [
  name,
  { answer: (socket) => void socket.write(coded(gzipSync(page.body()), 'gzip', page.type)), ends: [] },
]);
const pages = await startOrigin(
  serve({ ...PAGE_ATTACKS, ...DOCUMENT_ATTACKS, ...LARGE_ATTACKS, ...Object.fromEntries(formats) }),
);
const callbacks = await startOrigin(serve(RECEIVER_ATTACKS), { certificate });
const crawls = await startOrigin((socket, { path, headers }) => {
  const host = headers.host ?? '';
  const attack = Object.values(CRAWL_ATTACKS)[Number(/^crawl-(\d+)\./.exec(host)?.[1] ?? NaN)];
  if (attack) answerAsSite(attack, socket, path, host);
  else {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n');
    pour(socket, () => 'a', 100);
  }
});
parentPort!.postMessage({ pages: pages.port, crawls: crawls.port, callbacks: callbacks.port });

/** Answers with the attack named in the path. */
function serve(attacks: Record<string, Attack>): (socket: Socket, request: { path: string }) => void {
  return (socket, { path }) => {
    const name = decodeURIComponent(path.split('/')[1]!.split('?')[0]!);
    attacks[name]?.answer(socket, path);
  };
}
