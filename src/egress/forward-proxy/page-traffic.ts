import { randomBytes } from 'node:crypto';
import { EgressError } from '../errors.ts';
import type { Via } from '../upstream/upstream.ts';

/** Failures that are remembered of one page. A page may try to reach any number of hosts. */
const MAX_FAILURES = 200;

export interface TrafficLimits {
  /** Bytes that the page may receive, over all its connections. */
  maxBytes: number;
  /** Requests and tunnels that the page may open. */
  maxRequests: number;
  /** Hosts that the page may not reach, such as those of advertisements. */
  refuseHost?: ((hostname: string) => boolean) | undefined;
  /** The proxy that its connections go through; null: none. */
  via: Via | null;
  /** The account that its connections count for. */
  payer: string;
}

/** What one rendered page sends and receives, under a credential of its own. */
export class PageTraffic implements Disposable {
  readonly username = 'page';
  readonly password = randomBytes(18).toString('base64url');
  readonly #limits: TrafficLimits;
  readonly #end = new AbortController();
  readonly #failures = new Map<string, EgressError>();
  readonly #startedAt = performance.now();
  readonly #onEnd: () => void;
  #requests = 0;
  #bytes = 0;

  constructor(limits: TrafficLimits, onEnd: () => void) {
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  /** Aborts when the page is over, or has used up its allowance. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** The proxy that its connections go through; null: none. */
  get via(): Via | null {
    return this.#limits.via;
  }

  /** The account that its connections count for. */
  get payer(): string {
    return this.#limits.payer;
  }

  /** What the page has used so far. */
  get usage(): { requests: number; bytes: number; ms: number } {
    return { requests: this.#requests, bytes: this.#bytes, ms: performance.now() - this.#startedAt };
  }

  /** Whether the page was cut off because it used up its allowance. */
  get exceeded(): boolean {
    return this.signal.reason instanceof EgressError && this.signal.reason.code === 'too_large';
  }

  /** Counts a request to a host. Throws an EgressError where the page may not send it. */
  countRequest(hostname: string): void {
    this.#requests++;
    if (this.#requests > this.#limits.maxRequests) this.#cut();
    this.signal.throwIfAborted();
    if (this.#limits.refuseHost?.(hostname)) throw new EgressError('cancelled');
  }

  countBytes(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.maxBytes) this.#cut();
  }

  /** Remembers why an origin (`host:port`) could not be reached. */
  recordFailure(authority: string, error: EgressError): void {
    if (this.#failures.size < MAX_FAILURES) this.#failures.set(authority, error);
  }

  /** Why the origin of a URL could not be reached; undefined where it could. */
  failureOf(url: URL): EgressError | undefined {
    return this.#failures.get(authorityOf(url));
  }

  #cut(): void {
    this.#end.abort(new EgressError('too_large'));
  }

  /** Ends every connection of the page. Its credential opens nothing any more. */
  [Symbol.dispose](): void {
    this.#onEnd();
    this.#end.abort(new EgressError('cancelled'));
  }
}

/** `host:port` of a URL, the default port too. */
export function authorityOf(url: URL): string {
  const port = url.port === '' ? (/^(https|wss):$/.test(url.protocol) ? '443' : '80') : url.port;
  return `${url.hostname}:${port}`;
}
