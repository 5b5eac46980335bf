import type { Socket } from 'node:net';
import { brokenProxy } from './proxy-error.ts';

/** No answer of an honest proxy is longer. */
const MAX_ANSWER_BYTES = 8 * 1024;

/**
 * Reads an answer of a proxy from a socket that nobody else reads. `lengthOf` says how long the
 * answer is once its first bytes tell. What follows it stays in the socket. Rejects with an
 * EgressError.
 */
export function readAnswer(socket: Socket, lengthOf: (bytes: Buffer) => number | null): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const stop = () => {
      socket.off('readable', tryRead).off('end', ended).off('close', ended);
    };
    const ended = () => {
      stop();
      reject(brokenProxy('the proxy closed the connection'));
    };
    const read = () => {
      for (let chunk = take(socket); chunk !== null; chunk = take(socket)) {
        bytes = Buffer.concat([bytes, chunk]);
        const length = lengthOf(bytes);
        if ((length ?? bytes.length) > MAX_ANSWER_BYTES)
          throw brokenProxy('the answer of the proxy is too long');
        if (length === null || bytes.length < length) continue;
        stop();
        if (bytes.length > length) socket.unshift(bytes.subarray(length));
        return resolve(bytes.subarray(0, length));
      }
    };
    const tryRead = () => {
      try {
        read();
      } catch (error) {
        stop();
        reject(error);
      }
    };
    socket.on('readable', tryRead).once('end', ended).once('close', ended);
    if (socket.destroyed) ended();
  });
}

const take = (socket: Socket) => socket.read() as Buffer | null;
