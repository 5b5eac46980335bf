import type { Db } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { renew, type ClaimedDelivery } from '../outbox/claim.ts';

/**
 * How long a claim holds. Short, because the deliveries of a killed process wait this long; renewed
 * while they are held.
 */
export const LEASE_MS = 9000;
const RENEW_MS = 2500;
/** With less left, a lease might end before its request has begun. */
const MARGIN_MS = 2000;

/** The claims that this process holds, and until when. Renews those that it keeps for long. */
export class Leases {
  readonly #db: Db;
  readonly #log: Log;
  /**
   * Ends of leases on performance.now's clock, never later than the database's; 0 where the claim
   * was lost.
   */
  readonly #until = new Map<ClaimedDelivery, number>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  /** Deliveries claimed and neither recorded nor given back. */
  get size(): number {
    return this.#until.size;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#until.clear();
  }

  /** Takes in claims. `asked`: when the statement that made them was sent. */
  hold(deliveries: ClaimedDelivery[], asked: number): void {
    for (const delivery of deliveries) this.#until.set(delivery, asked + LEASE_MS);
  }

  release(delivery: ClaimedDelivery): void {
    this.#until.delete(delivery);
  }

  /** Whether the claim is certainly ours, for long enough to begin a request. */
  holds(delivery: ClaimedDelivery): boolean {
    return performance.now() < (this.#until.get(delivery) ?? 0) - MARGIN_MS;
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    const old = [...this.#until]
      .filter(([, until]) => until > 0 && until - asked < LEASE_MS - RENEW_MS)
      .map(([delivery]) => delivery);
    if (old.length === 0 || this.#renewing) return;
    this.#renewing = true;
    try {
      const fences = await renew(this.#db, old, LEASE_MS);
      for (const delivery of old) {
        const until = fences.get(delivery.id) === delivery.fence ? asked + LEASE_MS : 0;
        if (this.#until.has(delivery)) this.#until.set(delivery, until);
      }
    } catch (error) {
      this.#log.warn(
        { err: error, deliveries: old.length },
        'failed to renew delivery leases, will try again',
      );
    } finally {
      this.#renewing = false;
    }
  }
}
