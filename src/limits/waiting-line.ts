import type { Permit } from './permit.ts';

interface Waiter {
  amount: number;
  admit(permit: Permit): void;
}

/** Those that wait for a permit, in the order in which they came. */
export class WaitingLine {
  readonly #waiting: Waiter[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether the next one can be given its whole amount of what is free. */
  nextFits(free: number): boolean {
    return this.#waiting[0] !== undefined && this.#waiting[0].amount <= free;
  }

  /**
   * Waits for an amount. Resolves with null when the signal aborts first, and calls `onLeft` then:
   * others may be next.
   */
  async join(amount: number, signal: AbortSignal | undefined, onLeft: () => void): Promise<Permit | null> {
    const { promise, resolve } = Promise.withResolvers<Permit | null>();
    const waiter = { amount, admit: resolve };
    const giveUp = () => {
      const index = this.#waiting.indexOf(waiter);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      resolve(null);
      onLeft();
    };
    this.#waiting.push(waiter);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Gives the next one, which there must be, what `take` makes of its amount. */
  admit(take: (amount: number) => Permit): void {
    const next = this.#waiting.shift()!;
    next.admit(take(next.amount));
  }
}
