import { LRUCache } from 'lru-cache';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { AddressPolicy, type CidrList } from './address.ts';
import type { AddressBudget } from '../budget/address-budget.ts';
import { openSocket, type ConnectOptions } from './connector.ts';
import { EgressError } from '../errors.ts';
import { Issuers, type FetchIssuer } from './tls/issuers.ts';
import { permittedAddresses } from './permitted.ts';
import { ConnectionPool } from './pool.ts';
import type { Resolve } from './names/resolve.ts';
import type { TargetRule } from './target-rules.ts';
import type { Via } from '../upstream/upstream.ts';
import { parseUrl, targetOf, urlRefusal, type Scheme, type Target, type UrlRefusal } from './url-policy.ts';

export interface NetworkOptions {
  schemes: readonly Scheme[];
  allow: CidrList;
  resolve: Resolve;
  /** Trusted in place of Node's own certificate authorities, PEM. */
  ca?: string | undefined;
  connectionsPerOrigin: number;
  /** What `destination` goes through. */
  via?: Via | undefined;
  /** Limits connections by address. */
  budget?: AddressBudget | undefined;
  /** Downloads the certificate of an issuer; without it chains of certificates must be complete. */
  fetchIssuer?: FetchIssuer | undefined;
}

const RULES: Record<UrlRefusal, TargetRule> = {
  invalid: 'url_not_allowed',
  scheme: 'url_not_allowed',
  userinfo: 'url_not_allowed',
  port: 'port_not_allowed',
  blocked_target: 'address_not_public',
};
const IDLE_CONNECTIONS = 512;
const REMEMBERED_DESTINATIONS = 1000;

/** Where a connection leads, and the account that it counts for. */
interface Wire {
  target: Target;
  payer: string | null;
}

export interface Destination {
  readonly target: Target;
  /** Path and query. */
  readonly path: string;
}

/**
 * One kind of traffic, pages or callbacks: its rules, and its connections, which the other kind
 * does not share.
 */
export class Network {
  readonly pool: ConnectionPool;
  readonly #schemes: readonly Scheme[];
  readonly #policy: AddressPolicy;
  readonly #resolve: Resolve;
  readonly #via: Via | null;
  readonly #connectOptions: ConnectOptions;
  readonly #destinations = new LRUCache<string, Destination>({ max: REMEMBERED_DESTINATIONS });

  constructor(given: NetworkOptions) {
    const { schemes, allow, resolve, ca, connectionsPerOrigin, budget, fetchIssuer } = given;
    const policy = new AddressPolicy(allow);
    // One context for all connections: each new one loads the certificate authorities again.
    const secureContext = createSecureContext(ca === undefined ? {} : { ca });
    const issuers = fetchIssuer ? new Issuers(fetchIssuer, ca) : null;
    const options = { policy, resolve, secureContext, issuers, budget };
    this.#connectOptions = options;
    this.#schemes = schemes;
    this.#policy = policy;
    this.#resolve = resolve;
    this.#via = given.via ?? null;
    this.pool = new ConnectionPool((request, signal) => openSocket(request, options, signal), {
      connectionsPerOrigin,
      idleConnections: IDLE_CONNECTIONS,
    });
  }

  /** What is wrong with a URL, judged by its text alone; null where nothing is. */
  refusal(text: string): UrlRefusal | null {
    const url = parseUrl(text);
    return url === null ? 'invalid' : urlRefusal(url, this.#schemes, this.#policy);
  }

  /** Throws an EgressError `blocked_target` for a URL that must not be requested. */
  check(url: URL): void {
    const refusal = urlRefusal(url, this.#schemes, this.#policy);
    if (refusal !== null)
      throw new EgressError('blocked_target', {
        cause: new Error(`${refusal}: ${url.host}`),
        detail: RULES[refusal],
      });
  }

  /** Parses a URL; throws as `check` does, also for a text that is not a URL. */
  permitted(text: string): URL {
    const url = parseUrl(text);
    if (url === null) throw new EgressError('blocked_target', { cause: new Error('invalid URL') });
    this.check(url);
    return url;
  }

  /**
   * Parses and checks a URL; throws as `permitted` does. The answers are cached: most callbacks go
   * to a few URLs, and the verdict on a URL's text never changes.
   */
  destination(text: string): Destination {
    let destination = this.#destinations.get(text);
    if (!destination) {
      const url = this.permitted(text);
      destination = { target: targetOf(url, { via: this.#via }), path: url.pathname + url.search };
      this.#destinations.set(text, destination);
    }
    return destination;
  }

  /** Resolves a host as a connection would. Rejects with `blocked_target` or `dns_failed`. */
  async checkHost(target: Pick<Target, 'hostname' | 'rooted'>): Promise<void> {
    await permittedAddresses(target, { policy: this.#policy, resolve: this.#resolve });
  }

  /**
   * Opens a connection that is not of the pool, and that its user speaks on from the first byte: no
   * TLS of ours. It counts at its address until it closes. Rejects with an EgressError, or an
   * AddressBusyError.
   */
  async openWire({ target, payer }: Wire, signal: AbortSignal): Promise<Socket> {
    const timings = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: null };
    const request = { target: { ...target, secure: false }, timings, payer };
    const { socket, place } = await openSocket(request, this.#connectOptions, signal);
    socket.once('close', () => place[Symbol.dispose]());
    return socket;
  }
}
