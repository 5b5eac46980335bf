import type { IncomingMessage } from 'node:http';

/**
 * A name, an IPv4 address or an IPv6 address in brackets, with a port where there is one (RFC 3986,
 * 3.2).
 */
const HOST = /^(?:\[[\da-f:.]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i;

/**
 * What is wrong with a request's Host field, or null: HTTP/1.1 requires one field line with a valid
 * value (RFC 9112, 3.2). Of two, this service might take one and a proxy the other.
 */
export function hostFault({ httpVersion, rawHeaders }: IncomingMessage): string | null {
  const [host, ...more] = rawHeaders.filter((_, n) => n % 2 === 1 && /^host$/i.test(rawHeaders[n - 1]!));
  if (more.length > 0) return 'A request may have one Host header.';
  if (host === undefined) return httpVersion === '1.1' ? 'A request needs a Host header.' : null;
  return HOST.test(host) ? null : 'The Host header of the request is no host.';
}
