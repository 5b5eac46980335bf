import type { BodyMemory } from '../egress/index.ts';
import type { SharedBudget } from './shared-budget.ts';

/** The room that one page's body takes of what its lane has for large bodies, from its arrival until the page is read. */
export class BodyRoom implements BodyMemory, Disposable {
  readonly #budget: SharedBudget;
  readonly #closed = new AbortController();
  #taken = 0;

  constructor(budget: SharedBudget) {
    this.#budget = budget;
  }

  /** Waits for room for a body of so many bytes; what an earlier body of the page had is given back first. */
  async need(bytes: number): Promise<void> {
    if (bytes <= this.#taken) return;
    this.shrink(0);
    const taken = await this.#budget.take(bytes, this.#closed.signal);
    if (this.#closed.signal.aborted) this.#budget.release(taken);
    else this.#taken = taken;
  }

  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void {
    if (bytes >= this.#taken) return;
    this.#budget.release(this.#taken - bytes);
    this.#taken = bytes;
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.shrink(0);
  }
}
