import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { request as sendRequest, validateHeaderName, validateHeaderValue } from '../node-http.ts';

/** Fields that belong to one connection, and not to the message (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Browsers take answers of this size of head, and such as are not quite in order. Nothing follows
 * an answer on its connection that could be taken for another one.
 */
const AS_BROWSERS = { maxHeaderSize: 256 * 1024, insecureHTTPParser: true };

/**
 * Sends a request on over an open socket, and its answer back. Calls `onBytes` for what is
 * received. Rejects if no answer comes; an answer that breaks off is passed on as far as it came.
 */
export async function relay(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  path: string,
  socket: Socket,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const upstream = sendRequest({
    createConnection: () => socket,
    method: request.method,
    path,
    headers: endToEnd(request.rawHeaders),
    setHost: false,
    ...AS_BROWSERS,
  });
  request.pipe(upstream);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once('response', resolve);
    upstream.on('error', reject);
    response.once('close', () => {
      upstream.destroy();
      reject(new Error('the page went away'));
    });
  });
  response.writeHead(answer.statusCode!, answer.statusMessage, endToEnd(answer.rawHeaders));
  answer.on('data', (chunk: Buffer) => onBytes(chunk.length));
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

/**
 * The fields of a message as name, value, name, value …, without those of its connection and those
 * that cannot be sent.
 */
function endToEnd(rawHeaders: string[]): string[] {
  const fields = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]!] as const] : []));
  const isChunked = fields.some(([name]) => /^transfer-encoding$/i.test(name));
  const isKept = (name: string) => !HOP_BY_HOP.has(name) && !(isChunked && name === 'content-length'); // the chunks say the length
  const kept = fields.filter(([name, value]) => isKept(name.toLowerCase()) && isSendable(name, value));
  return kept.flat();
}

function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
