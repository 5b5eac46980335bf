import { isIPv6, type Socket } from 'node:net';
import { brokenProxy, refusedByProxy, siteUnreached } from './proxy-error.ts';
import { readAnswer } from './read-answer.ts';
import type { Destination, Upstream } from './upstream.ts';

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |\r?\n)/;
/** The statuses with which a gateway says that the site did not answer it. */
const UNREACHED = new Set([502, 504]);

/** Asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6). Rejects with an EgressError. */
export async function connectByHttp(
  socket: Socket,
  { host, port }: Destination,
  credentials: Upstream['credentials'],
): Promise<void> {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (credentials) {
    const pair = Buffer.from(`${credentials.username}:${credentials.password}`);
    lines.push(`Proxy-Authorization: Basic ${pair.toString('base64')}`);
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const head = (await readAnswer(socket, headLength)).toString('latin1');
  const status = Number(STATUS_LINE.exec(head)?.[1] ?? 0);
  if (status >= 200 && status <= 299) return;
  if (status === 0) throw brokenProxy('the proxy does not speak HTTP');
  if (status === 407) throw brokenProxy('the proxy refuses the user name and password');
  if (UNREACHED.has(status)) throw siteUnreached(`the proxy answered ${status}`);
  throw refusedByProxy(`the proxy answered ${status}`);
}

function headLength(bytes: Buffer): number | null {
  const end = bytes.indexOf('\r\n\r\n');
  return end === -1 ? null : end + 4;
}
