import { createPermit, type Permit } from './permit.ts';

/** So many urgent requests in a row may pass others that wait; then one of those comes. */
const URGENT_IN_A_ROW = 4;

/** What is asked of a PrioritySemaphore: an amount, and whether somebody waits for it. */
interface Request {
  amount: number;
  urgent: boolean;
}

interface Waiter {
  amount: number;
  admit: (permit: Permit) => void;
}

/**
 * A fixed capacity that urgent requests get before others; each kind is served in the order in
 * which it is asked for. A request that is next waits for its whole amount, and nobody passes it.
 */
export class PrioritySemaphore {
  readonly #capacity: number;
  readonly #urgent: Waiter[] = [];
  readonly #others: Waiter[] = [];
  #free: number;
  /** The urgent requests that have passed others since one of those was served. */
  #passed = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  /** The amount that is held. */
  get held(): number {
    return this.#capacity - this.#free;
  }

  /**
   * Waits for an amount, at most the whole capacity. Resolves with null when the signal aborts
   * first.
   */
  async acquire({ amount, urgent }: Request, signal: AbortSignal): Promise<Permit | null> {
    if (signal.aborted) return null;
    const { promise, resolve } = Promise.withResolvers<Permit | null>();
    const line = urgent ? this.#urgent : this.#others;
    const waiter = { amount: Math.min(amount, this.#capacity), admit: resolve };
    const giveUp = () => {
      const index = line.indexOf(waiter);
      if (index === -1) return;
      line.splice(index, 1);
      resolve(null);
      this.#admit();
    };
    line.push(waiter);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#admit();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #admit(): void {
    for (let line = this.#nextLine(); line[0] && line[0].amount <= this.#free; line = this.#nextLine()) {
      this.#passed = line === this.#urgent && this.#others.length > 0 ? this.#passed + 1 : 0;
      const { amount, admit } = line.shift()!;
      admit(this.#take(amount));
    }
  }

  /** The line whose first is next. */
  #nextLine(): Waiter[] {
    const isTurnOfOthers = this.#others.length > 0 && this.#passed >= URGENT_IN_A_ROW;
    return this.#urgent.length === 0 || isTurnOfOthers ? this.#others : this.#urgent;
  }

  #take(amount: number): Permit {
    this.#free -= amount;
    return createPermit(amount, (returned) => {
      this.#free += returned;
      this.#admit();
    });
  }
}
