import { LARGEST_PAGE_BYTES, type BodyMemory } from '../egress/index.ts';
import { PerAccount } from './per-account.ts';
import { budgetMemory, SharedBudget } from './shared-budget.ts';

/** What one account may take in one thread: one page of the largest kind, or some that are smaller. */
const ACCOUNT_BYTES = LARGEST_PAGE_BYTES;

/** What a lane has for large bodies, of which no account takes all: one whose pages drip holds up its own. */
export class Bodies {
  readonly #lane: SharedBudget;
  readonly #giants: SharedBudget;
  readonly #shares = new PerAccount(() => new SharedBudget(budgetMemory(1), 0, ACCOUNT_BYTES));

  /** `giants`: how many bodies may be larger than a page may be. */
  constructor(lane: SharedBudget, giants: SharedBudget) {
    this.#lane = lane;
    this.#giants = giants;
  }

  /** Room for one page at a time, to be disposed of. */
  room(accountId: string): BodyRoom {
    return new BodyRoom(this.#shares.borrow(accountId), this.#lane, this.#giants);
  }
}

/** The room that one page's body takes, from its arrival until the page is read. */
export class BodyRoom implements BodyMemory, Disposable {
  readonly #share: { value: SharedBudget } & Disposable;
  readonly #lane: SharedBudget;
  readonly #giants: SharedBudget;
  readonly #closed = new AbortController();
  #taken = 0;
  /** 1 for a body that is larger than what an account may take. */
  #giant = 0;
  #line: Promise<void> = Promise.resolve();

  constructor(share: { value: SharedBudget } & Disposable, lane: SharedBudget, giants: SharedBudget) {
    this.#share = share;
    this.#lane = lane;
    this.#giants = giants;
  }

  /** Waits for room for a body of so many bytes; what an earlier body of the page had is given back first. */
  async need(bytes: number): Promise<void> {
    this.#line = this.#line.then(async () => await this.#take(bytes));
    await this.#line;
  }

  async #take(wanted: number): Promise<void> {
    const bytes = Math.min(wanted, ACCOUNT_BYTES);
    const giant = wanted > ACCOUNT_BYTES ? 1 : 0;
    if (bytes <= this.#taken && giant === this.#giant) return;
    this.shrink(0);
    const { signal } = this.#closed;
    const ofShare = await this.#share.value.take(bytes, signal);
    // All of the account's share is taken by now: no account has more than one in line for this.
    if (giant > 0) this.#giant = await this.#giants.take(1, signal);
    const ofLane = ofShare === 0 ? 0 : await this.#lane.take(ofShare, signal);
    this.#share.value.release(ofShare - ofLane);
    this.#taken = ofLane;
    if (signal.aborted) this.shrink(0);
  }

  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void {
    if (bytes <= ACCOUNT_BYTES) {
      this.#giants.release(this.#giant);
      this.#giant = 0;
    }
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
