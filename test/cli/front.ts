import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { listen } from '../support/net/listen.ts';

/** A router in front of a service that can answer requests itself. */
export interface Front extends AsyncDisposable {
  origin: string;
}

/**
 * Passes every GET to the service at `origin`, except those that `spoil` answers, for which it
 * returns true.
 */
export async function startFront(
  origin: string,
  spoil: (req: IncomingMessage, res: ServerResponse) => boolean,
): Promise<Front> {
  const server = createServer((req, res) => {
    if (!spoil(req, res)) void pass(req, res).catch(() => res.destroy());
  });

  async function pass(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { authorization = '' } = req.headers;
    const answer = await fetch(origin + req.url, { headers: { authorization } });
    res.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    await pipeline(Readable.fromWeb(answer.body!), res);
  }

  return {
    origin: `http://127.0.0.1:${await listen(server)}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
