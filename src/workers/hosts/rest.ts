import { LRUCache } from 'lru-cache';
import { SHARED_BACKOFF_SECONDS, type Visitor } from './clock.ts';

const MAX_HOSTS = 2000;

/**
 * The pauses that hosts have asked for, as far as this thread knows. The others are in the
 * database.
 */
export class RestingHosts {
  /**
   * The ends of pauses on performance.now's clock: by account and host, and by host for all
   * accounts.
   */
  readonly #until = new LRUCache<string, number>({ max: MAX_HOSTS });

  /** The account leaves the host alone for `seconds`, the others for a minute of them at most. */
  rest(visitor: Visitor, seconds: number): void {
    this.restAccount(visitor, seconds);
    this.#until.set(visitor.host, performance.now() + Math.min(seconds, SHARED_BACKOFF_SECONDS) * 1000);
  }

  /** Only the account leaves the host alone for `seconds`. */
  restAccount({ accountId, host }: Visitor, seconds: number): void {
    this.#until.set(`${accountId} ${host}`, performance.now() + seconds * 1000);
  }

  /** The seconds that the account still leaves the host alone; 0 when it does not. */
  secondsLeft({ accountId, host }: Visitor): number {
    const until = Math.max(this.#until.get(`${accountId} ${host}`) ?? 0, this.#until.get(host) ?? 0);
    return Math.max(0, until - performance.now()) / 1000;
  }
}
