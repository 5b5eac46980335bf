import type { Server } from 'node:http';
import { ServiceError, type ErrorCode } from '../../service-error.ts';
import { problemDocument, PROBLEMS } from '../problem.ts';
import { randomUUID } from 'node:crypto';

/** What Node's parser finds in a request that never reaches a handler, by its error's code. */
const FAULTS: Record<string, readonly [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The head of a request may have 16 KiB, its URL included.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
};
const MALFORMED = ['bad_request', 'This is not an HTTP request.'] as const;

/**
 * Answers requests that Node's parser refuses with a problem document, and closes their
 * connections.
 */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [code, message] = FAULTS[error.code ?? ''] ?? MALFORMED;
    const requestId = randomUUID();
    const body = `${JSON.stringify(problemDocument(new ServiceError(code, message), requestId))}\n`;
    const head = [
      `HTTP/1.1 ${PROBLEMS[code][0]} ${PROBLEMS[code][1]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}
