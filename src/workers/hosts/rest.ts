import { LRUCache } from 'lru-cache';
import type { Pause, Visitor } from './clock.ts';

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

  /** The account leaves the host alone for `seconds`. */
  restAccount({ accountId, host }: Visitor, seconds: number): void {
    this.#until.set(`${accountId} ${host}`, performance.now() + seconds * 1000);
  }

  /** The account and the others keep a pause. */
  rest(visitor: Visitor, { seconds, othersSeconds }: Pause): void {
    this.restAccount(visitor, seconds);
    const until = performance.now() + othersSeconds * 1000;
    if (until > (this.#until.get(visitor.host) ?? 0)) this.#until.set(visitor.host, until);
  }

  /** The seconds that the account still leaves the host alone; 0 when it does not. */
  secondsLeft({ accountId, host }: Visitor): number {
    const until = Math.max(this.#until.get(`${accountId} ${host}`) ?? 0, this.#until.get(host) ?? 0);
    return Math.max(0, until - performance.now()) / 1000;
  }
}
