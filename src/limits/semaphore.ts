import { createPermit, type Permit } from './permit.ts';
import { WaitingLine } from './waiting-line.ts';

/** A fixed capacity, served in the order in which it is asked for. */
export class Semaphore {
  readonly #capacity: number;
  readonly #line = new WaitingLine();
  #free: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity;
  }

  /** Whether nothing is held and nobody waits. */
  get idle(): boolean {
    return this.#free === this.#capacity && this.#line.isEmpty;
  }

  /**
   * Waits for an amount, at most the whole capacity. Resolves with null when the signal aborts
   * first.
   */
  async acquire(amount = 1, signal?: AbortSignal): Promise<Permit | null> {
    if (signal?.aborted) return null;
    const wanted = Math.min(amount, this.#capacity);
    if (this.#line.isEmpty && wanted <= this.#free) return this.#take(wanted);
    return await this.#line.join(wanted, signal, () => this.#admit());
  }

  #take(amount: number): Permit {
    this.#free -= amount;
    return createPermit(amount, (returned) => {
      this.#free += returned;
      this.#admit();
    });
  }

  #admit(): void {
    while (this.#line.nextFits(this.#free)) this.#line.admit((amount) => this.#take(amount));
  }
}
