import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';

/** What a handler answers. */
export interface Reply {
  /** 200 where it is not given. */
  status?: number;
  headers?: Record<string, string>;
  /** The body as a value, sent as JSON … */
  json?: unknown;
  /**
   * … or as text of the answer's content type: whole, or in pieces that are never all in memory.
   */
  body?: string | AsyncIterable<string>;
  /** Or the body as bytes, with their length in `Content-Length`. */
  bytes?: AsyncIterable<Uint8Array>;
  /** The target of the audit entry; by default a parameter of the path. Null: nothing was done. */
  audited?: string | null;
}

/** The whole text of a reply's body; empty where it has none. */
export async function bodyText(body: Reply['body']): Promise<string> {
  if (body === undefined || typeof body === 'string') return body ?? '';
  return (await Array.fromAsync(body)).join('');
}

/** Sends a reply. JSON ends with a newline. */
export async function sendReply(
  res: Response,
  reply: Reply,
  contentType = 'application/json',
): Promise<void> {
  res.status(reply.status ?? 200);
  if (reply.bytes !== undefined) {
    res.set(reply.headers ?? {});
    if (res.req.method === 'HEAD') res.end();
    else await sendPieces(res, reply.bytes);
    return;
  }
  const body = reply.json === undefined ? reply.body : JSON.stringify(reply.json);
  if (body === undefined) {
    res.set(reply.headers ?? {}).end();
    return;
  }
  const headers = { 'Content-Type': contentType, ...reply.headers };
  const end = headers['Content-Type'] === 'application/json' ? '\n' : '';
  res.type(headers['Content-Type']).set(headers);
  if (typeof body === 'string') {
    res.send(body + end);
    return;
  }
  await sendPieces(res, encode(body, end));
}

async function sendPieces(res: Response, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), res);
  } catch (error) {
    // The client has gone, as the request's log line says.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** Leaves out empty pieces: each would cost a chunk. */
async function* encode(pieces: AsyncIterable<string>, end: string): AsyncGenerator<Buffer> {
  for await (const piece of pieces) if (piece !== '') yield Buffer.from(piece, 'utf8');
  if (end !== '') yield Buffer.from(end, 'utf8');
}

/** Aborts when the answer is complete or its client has gone. */
export function untilClosed(res: Response): AbortSignal {
  const closed = new AbortController();
  res.once('close', () => closed.abort());
  return closed.signal;
}
