import type { Permit } from './permit.ts';
import { Semaphore } from './semaphore.ts';

/**
 * A semaphore of the same capacity for each key, such as an account. Keys that nobody uses take no
 * memory.
 */
export class KeyedSemaphore {
  readonly #capacity: number;
  readonly #semaphores = new Map<string, Semaphore>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Like Semaphore.acquire, on the semaphore of the key. */
  async acquire(key: string, amount = 1, signal?: AbortSignal): Promise<Permit | null> {
    const semaphore = this.#semaphores.get(key) ?? new Semaphore(this.#capacity);
    this.#semaphores.set(key, semaphore);
    const permit = await semaphore.acquire(amount, signal);
    const forget = () => {
      if (semaphore.idle && this.#semaphores.get(key) === semaphore) this.#semaphores.delete(key);
    };
    if (!permit) {
      forget();
      return null;
    }
    return {
      get amount() {
        return permit.amount;
      },
      shrink: (kept) => permit.shrink(kept),
      [Symbol.dispose]: () => {
        permit[Symbol.dispose]();
        forget();
      },
    };
  }
}
