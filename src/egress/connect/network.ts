import { createSecureContext } from 'node:tls';
import { AddressPolicy, type CidrList } from './address.ts';
import { openSocket, permittedAddresses } from './connector.ts';
import { EgressError } from '../errors.ts';
import { ConnectionPool } from './pool.ts';
import type { Resolve } from './resolve.ts';
import { parseUrl, targetOf, urlRefusal, type Scheme, type Target, type UrlRefusal } from './url-policy.ts';

export interface NetworkOptions {
  schemes: readonly Scheme[];
  allow: CidrList;
  resolve: Resolve;
  /** Trusted in place of Node's own certificate authorities, PEM. */
  ca?: string | undefined;
  connectionsPerOrigin: number;
}

const IDLE_CONNECTIONS = 512;
const REMEMBERED_DESTINATIONS = 1000;

/** Where a request goes. */
export interface Destination {
  readonly target: Target;
  /** Path and query. */
  readonly path: string;
}

/** One kind of traffic: its rules and its connections, which no other kind shares. */
export class Network {
  readonly pool: ConnectionPool;
  readonly #schemes: readonly Scheme[];
  readonly #policy: AddressPolicy;
  readonly #resolve: Resolve;
  readonly #destinations = new Map<string, Destination>();

  constructor({ schemes, allow, resolve, ca, connectionsPerOrigin }: NetworkOptions) {
    const policy = new AddressPolicy(allow);
    // One context for all: making one per connection would load the certificate authorities each time.
    const secureContext = createSecureContext(ca === undefined ? {} : { ca });
    const options = { policy, resolve, secureContext };
    this.#schemes = schemes;
    this.#policy = policy;
    this.#resolve = resolve;
    this.pool = new ConnectionPool(
      (target, timings, signal) => openSocket(target, options, timings, signal),
      {
        connectionsPerOrigin,
        idleConnections: IDLE_CONNECTIONS,
      },
    );
  }

  /** What is wrong with a URL, as far as it says so itself. */
  refusal(text: string): UrlRefusal | null {
    const url = parseUrl(text);
    return url === null ? 'invalid' : urlRefusal(url, this.#schemes, this.#policy);
  }

  /** Throws an EgressError `blocked_target` for a URL that may not be asked. */
  check(url: URL): void {
    const refusal = urlRefusal(url, this.#schemes, this.#policy);
    if (refusal !== null)
      throw new EgressError('blocked_target', { cause: new Error(`${refusal}: ${url.host}`) });
  }

  /** The URL that a text is; throws as `check` does, also for a text that is none. */
  permitted(text: string): URL {
    const url = parseUrl(text);
    if (url === null) throw new EgressError('blocked_target', { cause: new Error('invalid URL') });
    this.check(url);
    return url;
  }

  /**
   * Where a URL leads that may be asked; throws as `permitted` does. What a URL says by itself never changes: answers are kept for a
   * while, since callbacks go to the same few again and again.
   */
  destination(text: string): Destination {
    let destination = this.#destinations.get(text);
    if (!destination) {
      const url = this.permitted(text);
      destination = { target: targetOf(url), path: url.pathname + url.search };
      if (this.#destinations.size >= REMEMBERED_DESTINATIONS) this.#destinations.clear();
      this.#destinations.set(text, destination);
    }
    return destination;
  }

  /** Resolves a host as a connection would. Rejects with `blocked_target` or `dns_failed`. */
  async checkHost(hostname: string): Promise<void> {
    await permittedAddresses(hostname, { policy: this.#policy, resolve: this.#resolve });
  }
}
