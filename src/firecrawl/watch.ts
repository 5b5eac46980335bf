import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { authenticate } from '../accounts/keys/keys.ts';
import { createRateLimiter } from '../accounts/rate-limit.ts';
import { AttemptLimit } from '../http/access/attempt-limit.ts';
import type { Upgrades } from '../http/server/server.ts';
import type { JobContext } from '../jobs/http/context.ts';
import { listPages, findJob, jobText, type Job } from '../jobs/read/jobs.ts';
import { documentOf } from '../jobs/read/firecrawl-document.ts';
import type { PageBlock } from '../jobs/http/schemas/answers.ts';
import { progressOf } from './job-status.ts';

const PATH = /^\/v[12]\/(crawl|batch\/scrape)\/(job_[0-9a-f]{24})$/;
const MAX_WRONG_KEYS = 100;
/** Documents read at a time, and how long to wait for the job's end between reads. */
const DOCUMENTS = 20;
const LOOK_MS = 500;
const NO_PAGES = { pages: [], more: false };
/** A client that reads nothing for this long is gone. */
const SEND_LIMIT_MS = 60_000;

/**
 * Lets Firecrawl's clients watch a job over a web socket: the documents so far, each further one as
 * it comes, and the end. Clients send their key as the subprotocol. `addressOf`: the client's.
 */
export function watchUpgrades(
  context: JobContext,
  addressOf: (request: IncomingMessage) => string,
): Upgrades {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024 });
  const attempts = new AttemptLimit(MAX_WRONG_KEYS);
  const limiter = createRateLimiter(context.db, context.config.rateLimitPerMinute);
  return {
    accepts: ({ url, headers }) => headers.upgrade?.toLowerCase() === 'websocket' && PATH.test(url ?? ''),
    upgrade: (request, socket, head) => {
      socket.on('error', () => socket.destroy());
      void open(request, socket, head).catch((error: unknown) => {
        context.log.warn({ err: error }, 'failed to open a web socket');
        socket.destroy();
      });
    },
  };

  async function open(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const key = request.headers['sec-websocket-protocol'] ?? '';
    const address = addressOf(request);
    if (attempts.waitSeconds(address, key) > 0) return refuse(socket, '429 Too Many Requests');
    const caller = await authenticate(context.db, key);
    if (!caller) {
      attempts.fail(address);
      return refuse(socket, '401 Unauthorized');
    }
    attempts.succeed(address, key);
    if (limiter && !(await limiter.take(caller.id)).allowed) return refuse(socket, '429 Too Many Requests');
    if (!caller.scopes.includes('jobs:read')) return refuse(socket, '403 Forbidden');
    const [, kind, id] = PATH.exec(request.url ?? '')!;
    const job = await findJob(context.db, caller.id, id!);
    if (job?.kind !== (kind === 'crawl' ? 'crawl' : 'batch')) return refuse(socket, '404 Not Found');
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate());
      void watch(context, client, { job, keyId: caller.keyId }).catch((error: unknown) => {
        if (client.readyState === client.OPEN) context.log.warn({ err: error }, 'failed to watch a job');
        client.terminate();
      });
    });
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function watch(
  { db, waiter }: JobContext,
  client: WebSocket,
  { job: first, keyId }: { job: Job; keyId: string },
): Promise<void> {
  const gone = new AbortController();
  client.once('close', () => gone.abort());
  const ending = AbortSignal.any([gone.signal, waiter.stopping]);
  await send(client, { type: 'catchup', data: { ...progressOf(first), data: [] } });
  let job = first;
  let listed = '';
  for (let after = -1; !ending.aborted;) {
    // Pages settle with their job, so that one which is as it was has no others.
    const state = jobText(job);
    // The job is read before its pages: one that had ended then has no others.
    const { pages, more } =
      listed === state
        ? NO_PAGES
        : await listPages(db, job, { order: 'settlement', after, status: 'ok' }, DOCUMENTS);
    for (const { place, fragment } of pages) {
      const data = documentOf(JSON.parse(fragment) as PageBlock, { id: `${job.id}.${place}` });
      await send(client, { type: 'document', data });
      after = place;
    }
    if (more) continue;
    listed = state;
    if (job.finished_at !== null) {
      await send(client, { type: 'done', data: { ...progressOf(job), data: [] } });
      return client.close(1000);
    }
    await waiter.wait(job.account_id, job.id, LOOK_MS, ending);
    const now = await waiter.watched.job(job.account_id, job.id);
    if (!now || !(await waiter.watched.keyWorks(keyId))) break;
    job = now;
  }
  client.close(1001);
}

/** Resolves when the client has taken the message. */
async function send(client: WebSocket, message: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => client.terminate(), SEND_LIMIT_MS);
  client.send(JSON.stringify(message), (error) => (error ? reject(error) : resolve()));
  await promise.finally(() => clearTimeout(late));
}
