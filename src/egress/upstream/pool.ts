import { LRUCache } from 'lru-cache';
import type { ProxyError } from './proxy-error.ts';
import type { Upstream } from './upstream.ts';

/** The rest of a proxy that fails, doubled with each one in a row. */
const FIRST_REST_MS = 10_000;
const LONGEST_REST_MS = 600_000;
/**
 * The number of sites for which a proxy must fail before it rests, where each failure may be the
 * site's fault: one dead site never takes a proxy from the others.
 */
const SUSPICIOUS_SITES = 3;
/** How long a proxy that failed for a key comes last for it. */
const AVOIDED_MS = 60_000;
const MAX_AVOIDED = 1000;

export interface PooledProxy {
  /** Its place in the configuration, from 1. */
  number: number;
  upstream: Upstream;
}

/** What happened to a proxy since it was last asked. */
export interface ProxyReport {
  number: number;
  requests: number;
  failures: number;
  lastError: string | null;
  /** Milliseconds for which it still rests. */
  restMs: number;
}

/** The operator's proxies: which one to take, and which ones rest. */
export class ProxyPool {
  readonly #members: Member[];

  constructor(upstreams: readonly Upstream[]) {
    this.#members = upstreams.map((upstream, index) => new Member({ number: index + 1, upstream }));
  }

  get size(): number {
    return this.#members.length;
  }

  /**
   * The proxy for what the key names: always the same one, while it does not rest or fail for it.
   * If all rest, the one that rests the shortest. Null if there are none but those of `except`.
   */
  pick(key: string, except: ReadonlySet<number>): PooledProxy | null {
    const hash = hashOf(key);
    const left = this.#members.filter(({ proxy }) => !except.has(proxy.number));
    const ranked = left.map((member) => ({
      member,
      order: [member.restMs, member.avoids(key), member.rank(hash)],
    }));
    const [first] = ranked.toSorted((a, b) => compare(a.order, b.order));
    return first?.member.proxy ?? null;
  }

  /** The proxy made a connection. */
  succeeded({ number }: PooledProxy): void {
    this.#members[number - 1]!.succeeded();
  }

  /** The proxy did not connect to a site, for what the key names. */
  failed({ number }: PooledProxy, { key, site }: { key: string; site: string }, error: ProxyError): void {
    this.#members[number - 1]!.failed(key, site, error);
  }

  /** Another process knows that a proxy rests. */
  rest(number: number, restMs: number): void {
    this.#members[number - 1]?.rest(restMs);
  }

  /**
   * What has happened to proxies since the last call; proxies to which nothing has are left out.
   */
  takeReports(): ProxyReport[] {
    return this.#members.flatMap((member) => member.takeReport() ?? []);
  }
}

class Member {
  readonly proxy: PooledProxy;
  #restingUntil = 0;
  #restsInARow = 0;
  readonly #suspiciousSites = new Set<string>();
  readonly #avoided = new LRUCache<string, true>({ max: MAX_AVOIDED, ttl: AVOIDED_MS });
  #requests = 0;
  #failures = 0;
  #lastError: string | null = null;

  constructor(proxy: PooledProxy) {
    this.proxy = proxy;
  }

  get restMs(): number {
    return Math.max(0, this.#restingUntil - performance.now());
  }

  /** 1 where it has failed for what the key names, else 0. */
  avoids(key: string): number {
    return this.#avoided.has(key) ? 1 : 0;
  }

  /** Rendezvous hashing: each key ranks the proxies in an order of its own. */
  rank(hash: number): number {
    return mixed(hash ^ Math.imul(this.proxy.number, 0x9e3779b1));
  }

  succeeded(): void {
    this.#requests++;
    this.#suspiciousSites.clear();
    if (this.restMs === 0) this.#restsInARow = 0;
  }

  failed(key: string, site: string, { certain, message }: ProxyError): void {
    this.#requests++;
    this.#failures++;
    this.#lastError = message;
    this.#avoided.set(key, true);
    this.#suspiciousSites.add(site);
    if (this.restMs > 0 || !(certain || this.#suspiciousSites.size >= SUSPICIOUS_SITES)) return;
    this.#suspiciousSites.clear();
    this.rest(Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#restsInARow++));
  }

  rest(ms: number): void {
    this.#restingUntil = Math.max(this.#restingUntil, performance.now() + ms);
  }

  takeReport(): ProxyReport | null {
    if (this.#requests === 0) return null;
    const { number } = this.proxy;
    const counts = { requests: this.#requests, failures: this.#failures, lastError: this.#lastError };
    this.#requests = 0;
    this.#failures = 0;
    this.#lastError = null;
    return { number, ...counts, restMs: this.restMs };
  }
}

function compare(a: number[], b: number[]): number {
  for (const [n, value] of a.entries()) if (value !== b[n]!) return value - b[n]!;
  return 0;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

/** MurmurHash3's last step, as an unsigned number. */
function mixed(hash: number): number {
  let mixing = hash;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x85ebca6b);
  mixing = Math.imul(mixing ^ (mixing >>> 13), 0xc2b2ae35);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}
