import { createPermit, type Permit } from './permit.ts';
import { WaitingLine } from './waiting-line.ts';

/** So many urgent requests in a row may pass others that wait; then one of those comes. */
const URGENT_IN_A_ROW = 4;

/** What is asked of a PrioritySemaphore: an amount, and whether somebody waits for it. */
interface Request {
  amount: number;
  urgent: boolean;
}

/**
 * A fixed capacity that urgent requests get before others; each kind is served in the order in
 * which it is asked for. A request that is next waits for its whole amount, and nobody passes it.
 */
export class PrioritySemaphore {
  readonly #capacity: number;
  readonly #urgent = new WaitingLine();
  readonly #others = new WaitingLine();
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
    const line = urgent ? this.#urgent : this.#others;
    const admitted = line.join(Math.min(amount, this.#capacity), signal, () => this.#admit());
    this.#admit();
    return await admitted;
  }

  #admit(): void {
    for (let line = this.#nextLine(); line.nextFits(this.#free); line = this.#nextLine()) {
      this.#passed = line === this.#urgent && !this.#others.isEmpty ? this.#passed + 1 : 0;
      line.admit((amount) => this.#take(amount));
    }
  }

  /** The line whose first is next. */
  #nextLine(): WaitingLine {
    const isTurnOfOthers = !this.#others.isEmpty && this.#passed >= URGENT_IN_A_ROW;
    return this.#urgent.isEmpty || isTurnOfOthers ? this.#others : this.#urgent;
  }

  #take(amount: number): Permit {
    this.#free -= amount;
    return createPermit(amount, (returned) => {
      this.#free += returned;
      this.#admit();
    });
  }
}
