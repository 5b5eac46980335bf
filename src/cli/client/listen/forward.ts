import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { CallbackRequest } from '../answers.ts';

/** The service waits for a receiver as long. */
const TIMEOUT_MS = 15_000;
const EXCERPT_BYTES = 1024;

/** The receiver's answer to a callback. */
export type Forwarded =
  | { status: number; duration_ms: number; response_body: string }
  | { status: null; duration_ms: number; error: string };

/**
 * POSTs a callback to a receiver with its exact bytes and headers. Never throws: no answer is a
 * result too.
 */
export async function forward(to: URL, { headers, body }: CallbackRequest): Promise<Forwarded> {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    const response = await post(to, headers, Buffer.from(body, 'utf8'));
    return {
      status: response.statusCode ?? 0,
      duration_ms: elapsed(),
      response_body: await excerpt(response),
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const late = error instanceof Error && error.name === 'TimeoutError';
    return { status: null, duration_ms: elapsed(), error: late ? 'no answer within 15 s' : code || message };
  }
}

function post(to: URL, headers: Record<string, string>, body: Buffer): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = to.protocol === 'https:' ? requestHttps : requestHttp;
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': body.length },
    // A receiver under development restarts often: a kept connection would be dead.
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  send(to, options, resolve)
    .on('error', (error) =>
      reject(error.name === 'AbortError' && error.cause instanceof Error ? error.cause : error),
    )
    .end(body);
  return promise;
}

/** The first KiB of an answer, or what came of it. */
async function excerpt(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= EXCERPT_BYTES) break;
    }
  } catch {
    // What came is shown.
  }
  return Buffer.concat(chunks).subarray(0, EXCERPT_BYTES).toString('utf8');
}
