import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { networkOf } from '../server/connections.ts';

const WINDOW_MS = 60_000;
const MAX_ADDRESSES = 10_000;

/**
 * Slows down attempts to guess secrets: after `maxFailures` within a minute an address waits until
 * the minute is over. A secret that has worked from the same address before is let through, so that
 * others behind the same proxy do not suffer from a guesser among them.
 */
export class AttemptLimit {
  readonly #maxFailures: number;
  readonly #failures = new LRUCache<string, { count: number; until: number }>({ max: MAX_ADDRESSES });
  readonly #known = new LRUCache<string, true>({ max: MAX_ADDRESSES });

  constructor(maxFailures: number) {
    this.#maxFailures = maxFailures;
  }

  /** Seconds that this attempt has to wait, 0 where it may be made. */
  waitSeconds(address: string, secret: string, now: number = performance.now()): number {
    const entry = this.#failures.get(networkOf(address));
    if (!entry || now >= entry.until || entry.count < this.#maxFailures) return 0;
    return this.#known.has(keyOf(address, secret)) ? 0 : Math.ceil((entry.until - now) / 1000);
  }

  /** Counts an attempt that failed. */
  fail(address: string, now: number = performance.now()): void {
    const network = networkOf(address);
    const entry = this.#failures.get(network);
    if (entry && now < entry.until) entry.count++;
    else this.#failures.set(network, { count: 1, until: now + WINDOW_MS });
  }

  /** Remembers a secret that worked. */
  succeed(address: string, secret: string): void {
    this.#known.set(keyOf(address, secret), true);
  }
}

function keyOf(address: string, secret: string): string {
  return createHash('sha256')
    .update(`${networkOf(address)} ${secret}`)
    .digest('base64');
}
