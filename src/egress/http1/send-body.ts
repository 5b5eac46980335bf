import type { Socket } from 'node:net';
import { EgressError } from '../errors.ts';
import type { StreamedBody } from '../body/streamed.ts';

/** What a body on its way waits for: its source to make a chunk, or the socket to take one. */
export type AwaitedSide = 'source' | 'socket';

export interface SendProgress {
  onAwait(side: AwaitedSide): void;
  onBytesSent(bytes: number): void;
}

/**
 * Writes a body as fast as the socket takes it, and stops where the socket closes; its source is
 * closed in any case. Rejects with an EgressError `body_failed` where the source throws or does not
 * yield the length it named.
 */
export async function sendBody(socket: Socket, body: StreamedBody, progress: SendProgress): Promise<void> {
  let left = body.length;
  try {
    progress.onAwait('source');
    for await (const chunk of body.chunks()) {
      if (socket.destroyed) return;
      left -= chunk.length;
      if (left < 0) throw new Error('the body is longer than its length');
      progress.onAwait('socket');
      progress.onBytesSent(chunk.length);
      if (!socket.write(chunk)) await drainedOrClosed(socket);
      progress.onAwait('source');
    }
    if (left > 0) throw new Error('the body is shorter than its length');
  } catch (cause) {
    throw new EgressError('body_failed', { cause });
  }
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('drain', settle).off('close', settle);
      resolve();
    };
    socket.on('drain', settle).on('close', settle);
  });
}
