import { isIP, type Socket } from 'node:net';
import { brokenProxy, refusedByProxy, siteUnreached } from './proxy-error.ts';
import { readAnswer } from './read-answer.ts';
import type { Destination, Upstream } from './upstream.ts';

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const LOGIN = 2;
const CONNECT = 1;
const [IPV4, NAME, IPV6] = [1, 3, 4];
/**
 * Replies about the site: network or host unreachable, connection refused, time to live expired.
 */
const UNREACHED = new Set([3, 4, 5, 6]);

/** Asks a SOCKS5 proxy for a connection (RFC 1928 and 1929). Rejects with an EgressError. */
export async function connectBySocks5(
  socket: Socket,
  destination: Destination,
  credentials: Upstream['credentials'],
): Promise<void> {
  const methods = credentials ? [NO_AUTHENTICATION, LOGIN] : [NO_AUTHENTICATION];
  socket.write(Buffer.from([VERSION, methods.length, ...methods]));
  const [version, method = -1] = await readAnswer(socket, () => 2);
  if (version !== VERSION) throw brokenProxy('the proxy does not speak SOCKS5');
  if (!methods.includes(method)) throw brokenProxy('the proxy wants another authentication');
  if (method === LOGIN) await authenticate(socket, credentials!);
  socket.write(Buffer.concat([Buffer.from([VERSION, CONNECT, 0]), addressBytes(destination)]));
  const [, reply = -1] = await readAnswer(socket, replyLength);
  if (reply === 0) return;
  if (UNREACHED.has(reply)) throw siteUnreached(`the proxy replied ${reply}`);
  throw refusedByProxy(`the proxy replied ${reply}`);
}

async function authenticate(
  socket: Socket,
  { username, password }: NonNullable<Upstream['credentials']>,
): Promise<void> {
  socket.write(Buffer.concat([Buffer.from([1]), withLength(username), withLength(password)]));
  const [, status] = await readAnswer(socket, () => 2);
  if (status !== 0) throw brokenProxy('the proxy refuses the user name and password');
}

/** Version, reply, a zero, and the address that the proxy connected from. */
function replyLength(bytes: Buffer): number | null {
  if (bytes[0] !== undefined && bytes[0] !== VERSION) throw brokenProxy('the proxy does not speak SOCKS5');
  // A refusal needs no address, and some proxies send none.
  if (bytes.length >= 2 && bytes[1] !== 0) return 2;
  if (bytes.length < 5) return null;
  const address = { [IPV4]: 4, [IPV6]: 16, [NAME]: 1 + bytes[4]! }[bytes[3]!];
  if (address === undefined) throw brokenProxy('the proxy does not speak SOCKS5');
  return 4 + address + 2;
}

function addressBytes({ host, port }: Destination): Buffer {
  const portBytes = Buffer.from([port >> 8, port & 0xff]);
  const kind = isIP(host);
  if (kind === 0) return Buffer.concat([Buffer.from([NAME]), withLength(host), portBytes]);
  const bytes = kind === 4 ? host.split('.').map(Number) : ipv6Bytes(host);
  return Buffer.from([kind === 4 ? IPV4 : IPV6, ...bytes, ...portBytes]);
}

function withLength(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/**
 * URLs bring every spelling of an address to groups of hexadecimal digits, the longest zeros left
 * out.
 */
function ipv6Bytes(address: string): number[] {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = text
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
