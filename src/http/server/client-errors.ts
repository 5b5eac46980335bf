import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError, type ErrorCode } from '../../service-error.ts';
import { problemDocument, PROBLEMS } from '../problem.ts';

/** What Node's parser finds in a request that never reaches a handler, by its error's code. */
const FAULTS: Record<string, readonly [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The head of a request may have 16 KiB, its URL included.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time.'],
};
const MALFORMED = ['bad_request', 'This is not an HTTP request.'] as const;
const CONNECT = ['method_not_allowed', 'This is no proxy.'] as const;
const EXPECTATION = ['bad_request', 'The only expectation that is met is 100-continue.'] as const;

/**
 * Answers requests that Node refuses, or answers in its own form, with a problem document, and
 * closes their connections: those that are malformed, CONNECT, and expectations other than
 * 100-continue (RFC 9110, 10.1.1).
 */
export function answerClientErrors(server: Server): void {
  /** The answer to the latest request of a connection. */
  const latest = new WeakMap<Duplex, ServerResponse>();
  const refused = new WeakSet<Duplex>();
  server.on('request', ({ socket }, response) => latest.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    if (refused.has(socket)) return;
    refused.add(socket);
    refuseRest(socket, latest.get(socket), FAULTS[error.code ?? ''] ?? MALFORMED);
  });
  server.on('connect', ({ socket }) => refuseRest(socket, latest.get(socket), CONNECT));
  server.on('checkExpectation', (_request, response) => refuse(response, ...EXPECTATION));
}

/**
 * Refuses what a connection has sent after the request that `response` answers, or in the course of
 * it.
 */
function refuseRest(
  socket: Duplex,
  response: ServerResponse | undefined,
  fault: readonly [ErrorCode, string],
): void {
  if (!response || response.closed) refuseConnection(socket, ...fault);
  else if (response.req.complete) response.once('close', () => refuseConnection(socket, ...fault));
  else if (response.headersSent) socket.destroy();
  else refuse(response, ...fault);
}

/** Answers a request, and closes its connection after that. */
export function refuse(response: ServerResponse, code: ErrorCode, message: string): void {
  const requestId = String(response.getHeader('x-request-id') ?? randomUUID());
  const { head, body } = refusal(code, message, requestId);
  response.writeHead(PROBLEMS[code][0], PROBLEMS[code][1], head).end(body);
}

/** Answers a connection from which no request is read any more. */
export function refuseConnection(socket: Duplex, code: ErrorCode, message: string): void {
  if (!socket.writable) return;
  const { head, body } = refusal(code, message, randomUUID());
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  const status = `HTTP/1.1 ${PROBLEMS[code][0]} ${PROBLEMS[code][1]}`;
  socket.end(`${[status, ...lines].join('\r\n')}\r\n\r\n${body}`);
}

function refusal(code: ErrorCode, message: string, requestId: string) {
  const body = `${JSON.stringify(problemDocument(new ServiceError(code, message), requestId))}\n`;
  const head = {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestId,
    Connection: 'close',
  };
  return { head, body };
}
