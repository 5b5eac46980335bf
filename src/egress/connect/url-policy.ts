import { isIP } from 'node:net';
import type { AddressPolicy } from './address.ts';
import type { Upstream, Via } from '../upstream/upstream.ts';

/** Where a connection goes, as read from a URL. */
export interface Target {
  /** `https://host:port`, the default port left out. */
  origin: string;
  /** The value of the `Host` field: `host:port`, the default port left out. */
  authority: string;
  secure: boolean;
  /** Lower case, without brackets and without the root dot. */
  hostname: string;
  /** Whether the name ends in the root dot: search domains do not apply to it. */
  rooted: boolean;
  port: number;
  /**
   * Whether a faulty certificate is taken all the same. Such connections serve no other requests.
   */
  skipTlsVerification: boolean;
  /** The proxy that the connection goes through; null: none. */
  via: Via | null;
}

export type UrlRefusal = 'invalid' | 'scheme' | 'userinfo' | 'port' | 'blocked_target';
export type Scheme = 'http:' | 'https:';

/**
 * Ports from 1024 up of well-known services that do not speak HTTP: a request to one is an attack
 * on a database, a cache, a mail or chat server. Includes those of the Fetch Standard's list of bad
 * ports.
 */
const SERVICE_PORTS: ReadonlySet<number> = new Set([
  1080, 1194, 1433, 1434, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3260, 3306, 3389,
  3659, 4045, 4190, 4369, 5060, 5061, 5432, 5672, 5900, 5985, 5986, 6000, 6379, 6380, 6443, 6566, 6665, 6666,
  6667, 6668, 6669, 6679, 6697, 9042, 9092, 9160, 9200, 9300, 10080, 10250, 10255, 11211, 26379, 27017, 27018,
  27019, 33060, 61616,
]);

/**
 * Checks what a URL says by itself: its scheme, its userinfo, its port, and its host where that is
 * an IP address (the WHATWG parser brings every textual form to one) or a name of this machine.
 * Other names are resolved and checked when the connection is opened.
 */
export function urlRefusal(url: URL, schemes: readonly Scheme[], policy: AddressPolicy): UrlRefusal | null {
  if (!(schemes as readonly string[]).includes(url.protocol)) return 'scheme';
  if (url.username !== '' || url.password !== '') return 'userinfo';
  const { hostname, port } = targetOf(url);
  if (hostname === '') return 'invalid';
  if (!isAllowedPort(port)) return 'port';
  const known = knownAddresses(hostname, policy);
  return known === null || (known.length > 0 && known.every((address) => policy.permits(address)))
    ? null
    : 'blocked_target';
}

/** The URL, or null where the text is not one. */
export function parseUrl(text: string, base?: URL): URL | null {
  return URL.parse(text, base?.href);
}

export function targetOf(
  url: URL,
  { skipTlsVerification = false, via = null }: Partial<Pick<Target, 'skipTlsVerification' | 'via'>> = {},
): Target {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const rooted = url.hostname.endsWith('.');
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const { origin, host: authority } = url;
  return { origin, authority, secure, hostname, rooted, port, skipTlsVerification, via };
}

function isAllowedPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && !SERVICE_PORTS.has(port));
}

/** Whether a caller's proxy may be at its port: those of web servers, and SOCKS's own. */
export function isProxyPort({ scheme, port }: Pick<Upstream, 'scheme' | 'port'>): boolean {
  return isAllowedPort(port) || (scheme === 'socks5' && port === SOCKS_PORT);
}

const SOCKS_PORT = 1080;
const LOOPBACK = ['127.0.0.1', '::1'];

/**
 * The addresses of a host that needs no DNS: an IP literal is its own address; `localhost` and the
 * names under it (RFC 6761) stand for those loopback addresses that the policy permits, which may
 * be none. Null for every other name.
 */
export function knownAddresses(hostname: string, policy: AddressPolicy): string[] | null {
  if (isIP(hostname) !== 0) return [hostname];
  if (/(^|\.)localhost$/.test(hostname)) return LOOPBACK.filter((address) => policy.permits(address));
  return null;
}
