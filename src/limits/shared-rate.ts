import { hash } from 'node:crypto';

/** Keys are counted by a hash; two that fall on one place share its rate. */
const PLACES = 16_384;
/** Two sections: when each place is full again, and when the last one in line has its turn. */
const FULL = 0;
const LINE = PLACES;
const US_PER_SECOND = 1_000_000;
/** The longest time that somebody is told to wait, however much has been spent. */
const LONGEST_WAIT_US = BigInt(60 * US_PER_SECOND);

/** Memory for a SharedRate. */
export function sharedRateMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * PLACES * BigInt64Array.BYTES_PER_ELEMENT);
}

export interface SharedRateOptions {
  memory: SharedArrayBuffer;
  /** Keys the hash, as for a SharedKeyedSemaphore. The same in all threads. */
  secret: string;
  /** What may be spent at once. */
  burst: number;
  /** What comes back in a second. */
  perSecond: number;
}

/** A token bucket for each key that the threads of a process share. */
export class SharedRate {
  readonly #times: BigInt64Array<SharedArrayBuffer>;
  readonly #secret: string;
  readonly #burstUs: bigint;
  readonly #perSecond: number;

  constructor({ memory, secret, burst, perSecond }: SharedRateOptions) {
    this.#times = new BigInt64Array(memory);
    this.#secret = secret;
    this.#burstUs = BigInt(Math.round((burst / perSecond) * US_PER_SECOND));
    this.#perSecond = perSecond;
  }

  /**
   * Spends one where something is left, and returns 0. Else returns after how many seconds to ask
   * again: later for each one that has asked before.
   */
  spend(key: string): number {
    const place = this.#placeOf(key);
    return this.#tryAdd(place, this.#us(1)) ? 0 : this.#queue(place);
  }

  /** Whether something is left: 0, or after how many seconds to ask again. */
  check(key: string): number {
    const place = this.#placeOf(key);
    return Atomics.load(this.#times, FULL + place) - clockUs() < this.#burstUs ? 0 : this.#queue(place);
  }

  /**
   * Takes an amount that has been spent, however little is left. The debt is forgotten after a
   * minute.
   */
  charge(key: string, amount: number): void {
    const place = FULL + this.#placeOf(key);
    for (;;) {
      const now = clockUs();
      const full = Atomics.load(this.#times, place);
      const next = least(most(full, now) + this.#us(amount), now + this.#burstUs + LONGEST_WAIT_US);
      if (Atomics.compareExchange(this.#times, place, full, next) === full) return;
    }
  }

  #us(amount: number): bigint {
    return BigInt(Math.round((amount / this.#perSecond) * US_PER_SECOND));
  }

  /** Adds a cost, unless the place then lacked more than its burst. */
  #tryAdd(place: number, costUs: bigint): boolean {
    for (;;) {
      const now = clockUs();
      const full = Atomics.load(this.#times, FULL + place);
      const from = most(full, now);
      if (from - now + costUs > this.#burstUs) return false;
      if (Atomics.compareExchange(this.#times, FULL + place, full, from + costUs) === full) return true;
    }
  }

  /** Takes a place at the end of the line. It promises nothing: the first to ask is served. */
  #queue(place: number): number {
    const now = clockUs();
    const next = Atomics.load(this.#times, FULL + place) - this.#burstUs;
    const last = Atomics.load(this.#times, LINE + place);
    const turn = least(now + LONGEST_WAIT_US, most(last, next, now) + this.#us(1));
    Atomics.store(this.#times, LINE + place, turn);
    return Math.max(1, Number(turn - now) / US_PER_SECOND);
  }

  #placeOf(key: string): number {
    return parseInt(hash('sha256', `${this.#secret} ${key}`).slice(0, 8), 16) % PLACES;
  }
}

/** The same clock in all threads. */
function clockUs(): bigint {
  return process.hrtime.bigint() / 1000n;
}

function most(...times: bigint[]): bigint {
  return times.reduce((a, b) => (a > b ? a : b));
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
