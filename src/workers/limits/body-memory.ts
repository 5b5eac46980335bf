import { LARGEST_PAGE_BYTES, type BodyMemory } from '../../egress/index.ts';
import { PerAccount } from './per-account.ts';
import { budgetMemory, SharedBudget } from './shared-budget.ts';

/** What one account may take in one thread: one page of the largest kind, or some that are smaller. */
const ACCOUNT_BYTES = LARGEST_PAGE_BYTES;

/** What a lane has for large bodies, of which no account takes all: one whose pages drip holds up its own. */
export class Bodies {
  readonly #lane: SharedBudget;
  readonly #shares = new PerAccount(() => new SharedBudget(budgetMemory(1), 0, ACCOUNT_BYTES));

  constructor(lane: SharedBudget) {
    this.#lane = lane;
  }

  /** Room for one page at a time, to be disposed of. */
  room(accountId: string): BodyRoom {
    return new BodyRoom(this.#shares.borrow(accountId), this.#lane);
  }
}

/** The room that one page's body takes, from its arrival until the page is read. */
export class BodyRoom implements BodyMemory, Disposable {
  readonly #share: { value: SharedBudget } & Disposable;
  readonly #lane: SharedBudget;
  readonly #closed = new AbortController();
  #taken = 0;
  #line: Promise<void> = Promise.resolve();

  constructor(share: { value: SharedBudget } & Disposable, lane: SharedBudget) {
    this.#share = share;
    this.#lane = lane;
  }

  /** Waits for room for a body of so many bytes; what an earlier body of the page had is given back first. */
  async need(bytes: number): Promise<void> {
    this.#line = this.#line.then(async () => await this.#take(bytes));
    await this.#line;
  }

  async #take(wanted: number): Promise<void> {
    const bytes = Math.min(wanted, ACCOUNT_BYTES);
    if (bytes <= this.#taken) return;
    this.shrink(0);
    const { signal } = this.#closed;
    const ofShare = await this.#share.value.take(bytes, signal);
    const ofLane = ofShare === 0 ? 0 : await this.#lane.take(ofShare, signal);
    this.#share.value.release(ofShare - ofLane);
    this.#taken = ofLane;
    if (signal.aborted) this.shrink(0);
  }

  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void {
    if (bytes >= this.#taken) return;
    this.#share.value.release(this.#taken - bytes);
    this.#lane.release(this.#taken - bytes);
    this.#taken = bytes;
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.shrink(0);
    this.#share[Symbol.dispose]();
  }
}
