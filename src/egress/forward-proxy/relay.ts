import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { request as sendRequest } from '../node-http.ts';

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

/** The fields of a message as name, value, name, value …, without those of its connection. */
function endToEnd(rawHeaders: string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!HOP_BY_HOP.has(rawHeaders[i]!.toLowerCase())) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  return kept;
}
