import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { readCertificate, type Certificate } from './net/certificates.ts';
import { testRun } from './environment.ts';
import { listen } from './net/listen.ts';
import { eventually } from './wait.ts';

/** A callback as it arrived. */
export interface Callback {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The raw bytes; empty when the receiver discards them. */
  body: Buffer;
  bytes: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/**
 * How the receiver answers: with a status, never (`hang`), by closing the connection (`drop`), or
 * as the function does.
 */
export type CallbackAnswer =
  | number
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'hang'
  | 'drop'
  | ((callback: Callback, res: ServerResponse) => void);

export interface Receiver extends AsyncDisposable {
  origin: string;
  /** The URL to give as webhook_url. */
  url(path?: string): string;
  /** All callbacks in order of arrival. */
  callbacks: Callback[];
  /** Answers for the next callbacks, one each; then `answer` applies. */
  answers: CallbackAnswer[];
  answer: CallbackAnswer;
  /** Waits until there are `count` callbacks (on this path), and returns them all. */
  received(count: number, path?: string): Promise<Callback[]>;
}

export interface ReceiverOptions {
  /** Replaces the run's own certificate. */
  certificate?: Certificate;
  /** Counts the bytes of bodies without keeping them. */
  discard?: boolean;
}

/**
 * Starts an HTTPS receiver on a free port of 127.0.0.1 with a certificate that the run trusts. It
 * answers 200.
 */
export async function startReceiver({
  certificate,
  discard = false,
}: ReceiverOptions = {}): Promise<Receiver> {
  const server = createServer(certificate ?? (await readCertificate(testRun().directory)));
  server.on('request', (req, res) => void take(req, res));
  server.on('tlsClientError', () => {});
  const origin = `https://127.0.0.1:${await listen(server)}`;

  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of req as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (!discard) chunks.push(chunk);
      }
    } catch {
      return; // the sender closed the connection: this is no callback
    }
    const callback = {
      method: req.method ?? '',
      path: req.url ?? '',
      headers: req.headers,
      body: Buffer.concat(chunks),
      bytes,
      at: Date.now(),
    };
    receiver.callbacks.push(callback);
    respond(receiver.answers.shift() ?? receiver.answer, callback, res);
  }

  const receiver: Receiver = {
    origin,
    url: (path = '/hook') => origin + path,
    callbacks: [],
    answers: [],
    answer: 200,
    async received(count, path) {
      return await eventually(() => {
        const found = receiver.callbacks.filter((c) => path === undefined || c.path === path);
        if (found.length < count) throw new Error(`${found.length} of ${count} callbacks came`);
        return found;
      });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return receiver;
}

function respond(answer: CallbackAnswer, callback: Callback, res: ServerResponse): void {
  if (answer === 'hang') return;
  if (answer === 'drop') return void res.socket?.destroy();
  if (typeof answer === 'function') return answer(callback, res);
  const { status, headers = {}, body = '' } = typeof answer === 'number' ? { status: answer } : answer;
  res.writeHead(status, headers).end(body);
}
