import type { RequestHandler } from 'express';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../log.ts';

/**
 * Requests of one connection that may wait for earlier answers. A client that pipelines more is cut
 * off.
 */
const MAX_PIPELINED = 16;
/** Listeners that may wait for the end of one answer. Node suspects a leak beyond ten. */
const RESPONSE_LISTENERS = 20;
/**
 * How long a connection may be still in both directions: no request comes, or nobody reads the
 * answer.
 */
const IDLE_MS = 60_000;

/**
 * Answers the requests of a connection one after the other (RFC 9112, 9.3.2). Node would give them
 * all to the handlers at once, and keep every answer in memory until the client reads. The first
 * middleware, so that a waiting request costs no more than its head.
 */
export function answerInTurn(): RequestHandler {
  const waiting = new WeakMap<Socket, { last: ServerResponse; count: number }>();
  return ({ socket }, res, next) => {
    const before = waiting.get(socket);
    const count = (before?.count ?? 0) + 1;
    if (count > MAX_PIPELINED) {
      socket.destroy();
      return;
    }
    waiting.set(socket, { last: res, count });
    res.setMaxListeners(RESPONSE_LISTENERS).once('close', () => {
      const now = waiting.get(socket)!;
      waiting.set(socket, { ...now, count: now.count - 1 });
    });
    if (!before || before.last.closed) next();
    else before.last.once('close', () => socket.destroyed || res.writableEnded || next());
  };
}

/**
 * The address of the client: the last one in `X-Forwarded-For` that no trusted proxy has, or the
 * connection's.
 */
export function clientAddress(
  { socket, headers }: IncomingMessage,
  isProxy: ConnectionLimits['isProxy'],
): string {
  const forwarded = [headers['x-forwarded-for'] ?? ''].flat().join(',').split(',').toReversed();
  let address = socket.remoteAddress ?? '';
  for (const before of forwarded.map((text) => text.trim())) {
    if (before === '' || !isProxy(address)) break;
    address = before;
  }
  return address;
}

export interface ConnectionLimits {
  /** Most open connections of one address. */
  perAddress: number;
  /** Whether an address is a proxy's, which may open as many as it likes. */
  isProxy: (address: string) => boolean;
  log: Log;
}

/** Closes connections on which nothing moves, and those of an address that has too many. */
export function limitConnections(server: Server, { perAddress, isProxy, log }: ConnectionLimits): void {
  const open = new Map<string, number>();
  server.setTimeout(IDLE_MS);
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket;
    if (isProxy(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    const count = (open.get(network) ?? 0) + 1;
    if (count > perAddress) {
      log.debug({ network }, 'refused a connection: its address has too many');
      socket.destroy();
      return;
    }
    open.set(network, count);
    socket.once('close', () => {
      const left = open.get(network)! - 1;
      if (left > 0) open.set(network, left);
      else open.delete(network);
    });
  });
}

/** An IPv4 address, or the /64 of an IPv6 address: its owner has all of it. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const start = head === '' ? [] : head.split(':');
  const end = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - start.length - end.length;
  const groups = [...start, ...Array.from({ length: zeros }, () => '0'), ...end];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
