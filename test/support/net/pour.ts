import type { Socket } from 'node:net';

/** Writes `next()` every `pauseMs`, or as fast as the peer reads, until the socket closes. */
export function pour(socket: Socket, next: () => string | Buffer, pauseMs = 0): void {
  const write = () => {
    if (socket.destroyed) return;
    const more = socket.write(next());
    if (pauseMs > 0) setTimeout(write, pauseMs);
    else if (more) setImmediate(write);
    else socket.once('drain', write);
  };
  write();
}
