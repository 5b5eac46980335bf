import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError, type ErrorCode } from '../../service-error.ts';
import { problemDocument, PROBLEMS } from '../problem.ts';
import { randomUUID } from 'node:crypto';

/** What Node's parser finds in a request that never reaches a handler, by its error's code. */
const FAULTS: Record<string, readonly [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The head of a request may have 16 KiB, its URL included.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
};
const MALFORMED = ['bad_request', 'This is not an HTTP request.'] as const;
const CONNECT = ['method_not_allowed', 'This is no proxy.'] as const;
const EXPECTATION = ['bad_request', 'The only expectation that is met is 100-continue.'] as const;
/** HTTP/1.1 requires the field (RFC 9112, 3.2). */
export const NO_HOST = ['bad_request', 'A request needs a Host header.'] as const;

/**
 * Answers requests that Node refuses, or answers in its own form, with a problem document, and
 * closes their connections: those that are malformed, CONNECT, and expectations other than
 * 100-continue (RFC 9110, 10.1.1).
 */
export function answerClientErrors(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    refuse(socket, ...(FAULTS[error.code ?? ''] ?? MALFORMED));
  });
  server.on('connect', (_request, socket) => refuse(socket, ...CONNECT));
  server.on('checkExpectation', ({ socket }) => refuse(socket, ...EXPECTATION));
}

/** Answers a connection from which no request is read any more. */
export function refuse(socket: Duplex, code: ErrorCode, message: string): void {
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
}
