import type { BodyMemory } from '../egress/index.ts';
import { budgetMemory, SharedBudget } from './shared-budget.ts';

/** What one account may take in one thread: one page of the largest kind, or some that are smaller. */
const ACCOUNT_BYTES = 10 * 1024 * 1024;

interface Share {
  budget: SharedBudget;
  rooms: number;
}

/** What a lane has for large bodies, of which no account takes all: one whose pages drip holds up its own. */
export class Bodies {
  readonly #lane: SharedBudget;
  readonly #shares = new Map<string, Share>();

  constructor(lane: SharedBudget) {
    this.#lane = lane;
  }

  /** Room for one page at a time, to be disposed of. */
  room(accountId: string): BodyRoom {
    const share = this.#shares.get(accountId) ?? {
      budget: new SharedBudget(budgetMemory(1), 0, ACCOUNT_BYTES),
      rooms: 0,
    };
    this.#shares.set(accountId, share);
    share.rooms++;
    return new BodyRoom(share.budget, this.#lane, () => {
      if (--share.rooms === 0) this.#shares.delete(accountId);
    });
  }
}

/** The room that one page's body takes, from its arrival until the page is read. */
export class BodyRoom implements BodyMemory, Disposable {
  readonly #share: SharedBudget;
  readonly #lane: SharedBudget;
  readonly #onClosed: () => void;
  readonly #closed = new AbortController();
  #taken = 0;
  #line: Promise<void> = Promise.resolve();

  constructor(share: SharedBudget, lane: SharedBudget, onClosed: () => void) {
    this.#share = share;
    this.#lane = lane;
    this.#onClosed = onClosed;
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
    const ofShare = await this.#share.take(bytes, signal);
    const ofLane = ofShare === 0 ? 0 : await this.#lane.take(ofShare, signal);
    this.#share.release(ofShare - ofLane);
    this.#taken = ofLane;
    if (signal.aborted) this.shrink(0);
  }

  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void {
    if (bytes >= this.#taken) return;
    this.#share.release(this.#taken - bytes);
    this.#lane.release(this.#taken - bytes);
    this.#taken = bytes;
  }

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.shrink(0);
    this.#onClosed();
  }
}
