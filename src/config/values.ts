import { isIP } from 'node:net';
import { z } from 'zod';
import { CidrList } from '../egress/connect/address.ts';

/** A whole number in a range. */
export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`);

/** Items between commas. */
export const list = z.string().transform((s) =>
  s
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

export const cidrs = list.refine(
  (items) => items.every(isCidr),
  'must be a comma-separated list of CIDRs like 127.0.0.0/8',
);

/** A prefix length is required, so that nobody opens more or less than they meant. */
function isCidr(text: string): boolean {
  if (!text.includes('/')) return false;
  try {
    return new CidrList([text]).entries.length === 1;
  } catch {
    return false;
  }
}

/** An address, a CIDR, or one of the names that Express has for private networks. */
export function isNetwork(text: string): boolean {
  return ['loopback', 'linklocal', 'uniquelocal'].includes(text) || isIP(text) !== 0 || isCidr(text);
}

/** An origin of a browser's pages, or `*` for all. */
export function isOrigin(text: string): boolean {
  return text === '*' || URL.parse(text)?.origin === text;
}

/** Without credentials, query and fragment. A path is what a proxy in front of the service adds. */
export function isPublicUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username + url.password + url.search + url.hash === '';
}

/** An IP address, alone or with a port: 192.0.2.1, 192.0.2.1:53, 2001:db8::1, [2001:db8::1]:53. */
export function isNameServer(text: string): boolean {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return isIP(bracketed ?? v4 ?? text) !== 0;
}
