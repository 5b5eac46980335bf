import type { Db } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { renew, type Claimed } from '../outbox/claim.ts';

/** How long a claim holds. Short, for it is also how long the deliveries of a killed process wait; prolonged while they are held. */
export const LEASE_MS = 9000;
const RENEW_MS = 2500;
/** A request that begins must not find its lease ended on the way. */
const MARGIN_MS = 2000;

/** The claims that this process holds, and until when: keeps those that take long from falling due again. */
export class Leases {
  readonly #db: Db;
  readonly #log: Log;
  /** Ends of leases on performance.now's clock; none is later than the database's. */
  readonly #until = new Map<Claimed, number>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#until.clear();
  }

  /** Takes claims in; `asked`: when the statement that made them was sent. */
  hold(claims: Claimed[], asked: number): void {
    for (const claimed of claims) this.#until.set(claimed, asked + LEASE_MS);
  }

  release(claimed: Claimed): void {
    this.#until.delete(claimed);
  }

  /** Whether the claim is ours beyond doubt, for long enough to begin. */
  holds(claimed: Claimed): boolean {
    return performance.now() < (this.#until.get(claimed) ?? 0) - MARGIN_MS;
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    const old = [...this.#until]
      .filter(([, until]) => until - asked < LEASE_MS - RENEW_MS)
      .map(([claimed]) => claimed);
    if (old.length === 0 || this.#renewing) return;
    this.#renewing = true;
    try {
      const held = await renew(this.#db, old, LEASE_MS);
      for (const claimed of old) {
        if (held.get(claimed.id) !== claimed.attempts) this.#until.delete(claimed);
        else if (this.#until.has(claimed)) this.#until.set(claimed, asked + LEASE_MS);
      }
    } catch (error) {
      this.#log.warn({ err: error, deliveries: old.length }, 'leases could not be renewed; trying again');
    } finally {
      this.#renewing = false;
    }
  }
}
