import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { answerClientErrors, refuse, refuseConnection } from './client-errors.ts';
import { limitConnections, type ConnectionLimits } from './connections.ts';
import { createServer } from '../../egress/node-http.ts';
import { hostFault } from './host-field.ts';
import { OperatorError } from '../../operator-error.ts';
import { closeUnread } from './unread-answers.ts';

const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than any router in front keeps its connections: Heroku keeps them for 90 s. */
const KEEP_ALIVE_MS = 95_000;
/** How long a stop waits for answers under way, and how long in a hurry. */
const CLOSE_GRACE_MS = 20_000;
const HURRY_MS = 1000;
const SWEEP_MS = 100;
/**
 * The most rounds of taking connections, so that a flood of them does not keep the server from
 * closing.
 */
const MAX_TURNS = 100;

/** The address cannot be listened on. The message is one line that names the variable. */
export class ListenError extends OperatorError {
  override name = 'ListenError';
}

/** Handles requests to upgrade a connection, such as web sockets. Others are answered as usual. */
export interface Upgrades {
  accepts: (request: IncomingMessage) => boolean;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface HttpServer {
  port: number;
  /** Requests that are not answered yet. */
  underWay(): number;
  /** Answers requests with `app` from now on; until then each gets 503. */
  serve(app: RequestListener, limits: ConnectionLimits, upgrades?: Upgrades | null): void;
  /** From now on every answer closes its connection. */
  drain(): void;
  /**
   * Answers the requests under way and closes; cuts what is open after 20 s, or a second after
   * `hurry` has aborted.
   */
  close(hurry?: AbortSignal): Promise<void>;
}

/**
 * Listens before anything is there to serve, so that a port in use is found first. Throws a
 * ListenError.
 */
export async function listen({
  host,
  port,
}: {
  host?: string | undefined;
  port: number;
}): Promise<HttpServer> {
  let serve: RequestListener = answerStarting;
  let draining = false;
  const open = new Set<ServerResponse>();
  let upgrades: Upgrades | null = null;
  const shouldUpgradeCallback = (request: IncomingMessage) => upgrades?.accepts(request) ?? false;
  const options = { shouldUpgradeCallback, requireHostHeader: false };
  const server = createServer(options, (request, response) => {
    const fault = hostFault(request);
    if (fault !== null) return refuse(response, 'bad_request', fault);
    open.add(response);
    response.once('close', () => open.delete(response));
    if (draining) response.shouldKeepAlive = false;
    serve(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    const fault = hostFault(request);
    if (fault === null) upgrades!.upgrade(request, socket, head);
    else refuseConnection(socket, 'bad_request', fault);
  });
  answerClientErrors(server);
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, host, port);
  }
  return {
    port: (server.address() as AddressInfo).port,
    underWay: () => open.size,
    serve(app, limits, asked = null) {
      limitConnections(server, limits);
      closeUnread(server, limits.log);
      upgrades = asked;
      serve = app;
    },
    drain() {
      draining = true;
    },
    async close(hurry) {
      draining = true;
      await takeWaiting(server);
      await closeServer(server, open, hurry);
    },
  };
}

/** While it starts, a process is alive but not ready. */
const answerStarting: RequestListener = ({ url }, response) => {
  const json = { 'content-type': 'application/json' };
  if (url === '/healthz') {
    response.writeHead(200, json).end('{"status":"ok"}\n');
  } else if (url === '/readyz') {
    response.writeHead(503, json).end('{"status":"not ready","checks":{"accepting":false}}\n');
  } else {
    const request_id = randomUUID();
    const problem = {
      type: '/docs/errors/unavailable',
      title: 'The service cannot answer right now',
      status: 503,
      code: 'unavailable',
      detail: 'It is starting.',
      request_id,
    };
    const headers = {
      'content-type': 'application/problem+json',
      'retry-after': '1',
      'x-request-id': request_id,
    };
    response.writeHead(503, headers).end(`${JSON.stringify(problem)}\n`);
  }
};

function explain(
  { code, message }: NodeJS.ErrnoException,
  host: string | undefined,
  port: number,
): ListenError {
  const where = host === undefined ? `port ${port}` : `port ${port} of ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return new ListenError(
        `PORT: ${where} is in use by another program. Stop it, or set PORT to a free one.`,
      );
    case 'EACCES':
      return new ListenError(`PORT: this user may not listen on ${where}. Set PORT to one from 1024 on.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EINVAL':
      return new ListenError(
        `HOST: ${host} is no address of this machine. Correct it, or leave it out for all.`,
      );
    default:
      return new ListenError(`PORT: cannot listen on ${where}: ${message}`);
  }
}

/**
 * The system accepts connections before this process does, and resets those it still holds when the
 * socket closes. Takes them first, as long as each turn of the event loop brings some.
 */
async function takeWaiting(server: Server): Promise<void> {
  let taken = 0;
  const count = () => taken++;
  server.on('connection', count);
  for (let turn = 0, before = -1; turn < MAX_TURNS && (turn < 2 || taken > before); turn++) {
    before = taken;
    await setImmediate();
  }
  server.off('connection', count);
}

async function closeServer(server: Server, open: Set<ServerResponse>, hurry?: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const response of open) if (!response.headersSent) response.shouldKeepAlive = false;
  // A connection is kept alive after its answer: busy connections become idle one by one.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timers = [cutAfter(server, CLOSE_GRACE_MS)];
  const hasten = () => timers.push(cutAfter(server, HURRY_MS));
  if (hurry?.aborted) hasten();
  hurry?.addEventListener('abort', hasten);
  await closed;
  hurry?.removeEventListener('abort', hasten);
  clearInterval(sweep);
  for (const timer of timers) clearTimeout(timer);
}

function cutAfter(server: Server, ms: number): NodeJS.Timeout {
  return setTimeout(() => server.closeAllConnections(), ms);
}
