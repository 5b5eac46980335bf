import { once } from 'node:events';
import assert from 'node:assert/strict';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificates.ts';

export interface RawRequest {
  /** Request line and fields, as sent. */
  head: string;
  method: string;
  path: string;
  /** By lower-case name. */
  headers: Record<string, string>;
  body: Buffer;
  /** The number of its connection; 1 is the first. */
  connection: number;
}

export interface Origin extends AsyncDisposable {
  port: number;
  requests: RawRequest[];
  /** Connections accepted so far. */
  connections: number;
  /** Those that are open. */
  sockets: Set<Socket>;
}

export interface OriginOptions {
  certificate?: Certificate;
  host?: string;
  /** Called for each new connection, before anything is read. */
  onConnection?: (socket: Socket) => void;
}

/** Starts a server on raw sockets that answers with exactly the bytes the test writes. */
export async function startOrigin(
  answer: string | ((socket: Socket, request: RawRequest) => void),
  { certificate, host = '127.0.0.1', onConnection }: OriginOptions = {},
): Promise<Origin> {
  const accept = (socket: Socket) => {
    const connection = ++origin.connections;
    origin.sockets.add(socket);
    socket.on('error', () => {}).on('close', () => origin.sockets.delete(socket));
    onConnection?.(socket);
    readRequests(socket, (request) => {
      origin.requests.push({ ...request, connection });
      if (typeof answer === 'string') socket.write(answer);
      else answer(socket, { ...request, connection });
    });
  };
  const server: Server = certificate ? createTlsServer(certificate, accept) : createTcpServer(accept);
  if (certificate) server.on('tlsClientError', () => {});
  server.listen(0, host);
  await once(server, 'listening');
  const close = async () => {
    for (const socket of origin.sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const origin: Origin = {
    port: address.port,
    requests: [],
    connections: 0,
    sockets: new Set(),
    [Symbol.asyncDispose]: close,
  };
  return origin;
}

/** An answer with a Content-Length. */
export function ok(body = 'ok', ...fields: string[]): string {
  return response(200, body, ...fields);
}

export function response(status: number, body: string, ...fields: string[]): string {
  const lines = [`HTTP/1.1 ${status} Status`, `Content-Length: ${Buffer.byteLength(body)}`, ...fields];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A 200 whose body has a content coding. */
export function coded(body: Buffer, coding: string, type: string): Buffer {
  const fields = [`Content-Type: ${type}`, `Content-Encoding: ${coding}`, `Content-Length: ${body.length}`];
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n`), body]);
}

export function redirect(location: string, status = 302): string {
  return response(status, '', `Location: ${location}`);
}

function readRequests(socket: Socket, take: (request: Omit<RawRequest, 'connection'>) => void): void {
  let chunks: Buffer[] = [];
  let received = 0;
  let needed = 0;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    while (received > 0 && received >= needed) {
      const pending = Buffer.concat(chunks);
      const request = parseRequest(pending);
      needed = request?.end ?? received + 1;
      chunks = [pending];
      if (!request || received < needed) return;
      chunks = [pending.subarray(needed)];
      received -= needed;
      needed = 0;
      take(request);
    }
  });
}

function parseRequest(bytes: Buffer): (Omit<RawRequest, 'connection'> & { end: number }) | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const head = bytes.toString('latin1', 0, headEnd);
  const headers = parseFields(head);
  const end = headEnd + 4 + Number(headers['content-length'] ?? 0);
  const [method = '', path = ''] = head.split(' ');
  return { head, method, path, headers, body: bytes.subarray(headEnd + 4, end), end };
}

function parseFields(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
}
