import { createPermit, type Permit } from './permit.ts';

interface Waiter {
  amount: number;
  admit(permit: Permit): void;
}

/** A fixed capacity, served in the order in which it is asked for. */
export class Semaphore {
  readonly #capacity: number;
  readonly #waiting: Waiter[] = [];
  #free: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  /** Whether nothing is held and nobody waits. */
  get idle(): boolean {
    return this.#free === this.#capacity && this.#waiting.length === 0;
  }

  /**
   * Waits for an amount, at most the whole capacity. Resolves with null when the signal aborts
   * first.
   */
  async acquire(amount = 1, signal?: AbortSignal): Promise<Permit | null> {
    if (signal?.aborted) return null;
    const wanted = Math.min(amount, this.#capacity);
    if (this.#waiting.length === 0 && wanted <= this.#free) return this.#take(wanted);
    const { promise, resolve } = Promise.withResolvers<Permit | null>();
    const waiter = { amount: wanted, admit: resolve };
    const giveUp = () => {
      const index = this.#waiting.indexOf(waiter);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      resolve(null);
      this.#admit();
    };
    this.#waiting.push(waiter);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  #take(amount: number): Permit {
    this.#free -= amount;
    return createPermit(amount, (returned) => {
      this.#free += returned;
      this.#admit();
    });
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && next.amount <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.admit(this.#take(next.amount));
    }
  }
}
