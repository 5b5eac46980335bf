import { LARGEST_PAGE_BYTES, type BodyMemory } from '../../egress/index.ts';
import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import type { Permit } from '../../limits/permit.ts';
import type { SharedSemaphore } from '../../limits/shared-semaphore.ts';

/**
 * The share of one account in one thread: one page of the largest kind, or several smaller ones.
 */
const ACCOUNT_BYTES = LARGEST_PAGE_BYTES;

/**
 * What a lane may hold of large bodies. Each account has a share, so that bodies that drip hold up
 * only their own account.
 */
export class BodyMemoryBudget {
  readonly #lane: SharedSemaphore;
  readonly #shares = new KeyedSemaphore(ACCOUNT_BYTES);

  constructor(lane: SharedSemaphore) {
    this.#lane = lane;
  }

  /** An empty reservation for one page. `onWaited` learns how many milliseconds each room took. */
  reserve(accountId: string, onWaited: (ms: number) => void = () => {}): BodyReservation {
    return new BodyReservation(async (bytes, signal) => {
      const askedAt = performance.now();
      const share = await this.#shares.acquire(accountId, bytes, signal);
      const lane = share && (await this.#lane.acquire(bytes, signal));
      if (!lane) share?.[Symbol.dispose]();
      onWaited(performance.now() - askedAt);
      return share && lane ? [share, lane] : [];
    });
  }
}

/** The memory of one page's body from its arrival, and of a large block until it is stored. */
export class BodyReservation implements BodyMemory, Disposable {
  readonly #acquire: (bytes: number, signal: AbortSignal) => Promise<Permit[]>;
  readonly #closed = new AbortController();
  #permits: Permit[] = [];
  #line: Promise<void> = Promise.resolve();

  constructor(acquire: (bytes: number, signal: AbortSignal) => Promise<Permit[]>) {
    this.#acquire = acquire;
  }

  /**
   * Waits for room for a body of `bytes`. The room of an earlier body of the page is given back
   * first.
   */
  async need(bytes: number): Promise<void> {
    this.#line = this.#line.then(async () => await this.#take(bytes));
    await this.#line;
  }

  async #take(wanted: number): Promise<void> {
    const bytes = Math.min(wanted, ACCOUNT_BYTES);
    if (bytes <= this.amount) return;
    this.shrink(0);
    this.#permits = await this.#acquire(bytes, this.#closed.signal);
    if (this.#closed.signal.aborted) this.shrink(0);
  }

  /** The bytes that it holds. */
  get amount(): number {
    return this.#permits[0]?.amount ?? 0;
  }

  /** Keeps only the room for this many bytes, now that the body is there. */
  shrink(bytes: number): void {
    for (const permit of this.#permits) permit.shrink(bytes);
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.shrink(0);
  }
}
