import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../log.ts';
import { networkOf } from './connections.ts';

/** What all answers may hold that nobody has read yet. The largest page is an eighth of it. */
export const MAX_UNREAD_BYTES = 96 * 1024 * 1024;
const LOOK_MS = 100;

interface Reader {
  socket: Socket;
  bytes: number;
}

/**
 * Bounds the memory of answers that are not read: beyond it connections are closed of the address
 * that leaves the most unread, until the rest fits.
 */
export function closeUnread(server: Server, log: Log): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const look = setInterval(() => {
    const closed = closeBeyond(MAX_UNREAD_BYTES, open);
    if (closed > 0) log.debug({ closed }, 'closed connections that do not read their answers');
  }, LOOK_MS).unref();
  server.once('close', () => clearInterval(look));
}

/** Closes connections until what they have not read is within the limit. Returns how many. */
function closeBeyond(limit: number, open: Iterable<Socket>): number {
  const readers = Array.from(open, (socket): Reader => ({ socket, bytes: socket.writableLength }));
  let unread = sumOf(readers);
  if (unread <= limit) return 0;
  const networks = Map.groupBy(readers, ({ socket }) => networkOf(socket.remoteAddress ?? ''));
  const worstFirst = [...networks.values()].toSorted((a, b) => sumOf(b) - sumOf(a));
  let closed = 0;
  for (const { socket, bytes } of worstFirst.flatMap((all) => all.toSorted((a, b) => b.bytes - a.bytes))) {
    if (unread <= limit) break;
    socket.destroy();
    unread -= bytes;
    closed++;
  }
  return closed;
}

function sumOf(readers: Reader[]): number {
  return readers.reduce((sum, { bytes }) => sum + bytes, 0);
}
