import { createPermit, type Permit } from '../../../limits/permit.ts';
import type { AccountLoad } from './account-load.ts';
import type { WaitingDelivery } from './webhook-url.ts';

/** The most requests that people asked for, under way at once for one account. */
const MAX_URGENT = 16;

/** The deliveries to one endpoint that people asked for. They wait only for each other. */
export class UrgentDeliveries {
  readonly #account: AccountLoad;
  readonly #waiting: WaitingDelivery[] = [];
  #reserved = 0;

  constructor(account: AccountLoad) {
    this.#account = account;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Those that are to be handed over, for which room is kept. */
  get reserved(): number {
    return this.#reserved;
  }

  /** Places that nothing has taken yet. */
  get places(): number {
    return Math.max(0, MAX_URGENT - this.#account.urgentInFlight - this.#waiting.length - this.#reserved);
  }

  /** Keeps room for one; null where one waits, or there is no place. */
  reserve(): Permit | null {
    if (this.#waiting.length > 0 || this.places === 0) return null;
    this.#reserved++;
    return createPermit(1, () => this.#reserved--);
  }

  push(waiting: WaitingDelivery): void {
    this.#waiting.push(waiting);
    this.#account.waiting++;
  }

  /** The next one that may begin; null where there is none. */
  shift(): WaitingDelivery | null {
    const next = this.#account.urgentInFlight < MAX_URGENT ? this.#waiting.shift() : undefined;
    if (next === undefined) return null;
    this.#account.waiting--;
    return next;
  }

  /** Takes all that wait. */
  drain(): WaitingDelivery[] {
    const all = this.#waiting.splice(0);
    this.#account.waiting -= all.length;
    return all;
  }
}
