const SCHEMES = ['http', 'https', 'socks5'] as const;
const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 };
/** RFC 1929 gives one byte to each length. */
const MAX_CREDENTIAL_BYTES = 255;

/** A proxy that makes connections for us. */
export interface Upstream {
  scheme: (typeof SCHEMES)[number];
  /** Lower case, without brackets and without the root dot. */
  hostname: string;
  port: number;
  credentials: { username: string; password: string } | null;
  /** Whether it is a caller's: its address must be one that pages may have. */
  guarded: boolean;
  /** Whether the proxy resolves names. Otherwise it is given an address that was checked. */
  resolvesNames: boolean;
}

/** Where a proxy is to connect to: an address that was checked, or a name that it resolves. */
export interface Destination {
  host: string;
  port: number;
}

/** A proxy, and how long it may take to make a connection. */
export interface Via {
  upstream: Upstream;
  timeoutMs: number;
}

/**
 * Reads `scheme://user:password@host:port`, user name and password percent-encoded. Null for
 * anything else.
 */
export function parseUpstream(
  text: string,
  { guarded = false, resolvesNames = false } = {},
): Upstream | null {
  const [, scheme, rest] = /^([a-z0-9]{4,6}):\/\/(.+)$/is.exec(text.trim()) ?? [];
  const known = SCHEMES.find((name) => name === scheme?.toLowerCase());
  if (known === undefined) return null;
  // Only the hosts of web URLs are brought to one spelling, and each drops one port as its default.
  const url = URL.parse(`http://${rest}`);
  const port = url?.port || URL.parse(`https://${rest}`)?.port || String(DEFAULT_PORTS[known]);
  if (url === null || url.hostname === '' || url.pathname !== '/' || url.search + url.hash !== '')
    return null;
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === null || password === null || port === '0') return null;
  return {
    scheme: known,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''),
    port: Number(port),
    credentials: username === '' && password === '' ? null : { username, password },
    guarded,
    resolvesNames,
  };
}

function decoded(text: string): string | null {
  try {
    const plain = decodeURIComponent(text);
    return Buffer.byteLength(plain) <= MAX_CREDENTIAL_BYTES ? plain : null;
  } catch {
    return null;
  }
}

/** The most that a proxy may take to make a connection. */
export const PROXY_MS = 10_000;

/** `host:port`: what may be shown of a proxy. */
export function addressOf({ hostname, port }: Upstream): string {
  return `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}

/** The proxy as a URL without its credentials. */
export function shownUrl(upstream: Upstream): string {
  return `${upstream.scheme}://${addressOf(upstream)}`;
}

/** Equal for equal proxies. It holds their credentials. */
export function keyOf(upstream: Upstream): string {
  return JSON.stringify(Object.values(upstream));
}
