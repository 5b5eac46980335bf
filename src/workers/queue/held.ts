import type { Job as QueueJob } from 'pg-boss';
import { groupOf, type Slice } from '../../database/queue.ts';
import type { Load } from '../limits/load.ts';

/**
 * Maximum slices per thread: in total, per account, and per account on one host or for one job that
 * caps its fetches. The cap of an account leaves slices to others; the last one keeps a slow host
 * or job from filling the account's share. The rest waits in the queue.
 */
const MAX_SLICES = {
  interactive: { total: 256, account: 128, group: 16 },
  bulk: { total: 48, account: 32, group: 3 },
};
/**
 * Maximum open pages per thread, in total and per account. Pages that wait for their host do not
 * count. A slice brings up to 50.
 */
const MAX_PAGES = {
  interactive: { total: 600, account: 400 },
  bulk: { total: 125, account: 75 },
};

/** A slice of the queue and the attempt with which it was claimed. */
export interface HeldSlice {
  id: string;
  retryCount: number;
}

/** An attempt at a slice that is under way. */
interface Attempt {
  entry: QueueJob<Slice>;
  abort: AbortController;
  done: Promise<void>;
}

/** The slices that a thread is working on. */
export class HeldSlices {
  readonly #lane: keyof typeof MAX_SLICES;
  readonly #load: Load;
  readonly #onChange: (held: HeldSlice[]) => void;
  /**
   * There may be two attempts at one entry: one that has lost its lease without knowing, and the
   * next.
   */
  readonly #attempts = new Set<Attempt>();

  constructor(lane: keyof typeof MAX_SLICES, load: Load, onChange: (held: HeldSlice[]) => void) {
    this.#lane = lane;
    this.#load = load;
    this.#onChange = onChange;
  }

  get entries(): QueueJob<Slice>[] {
    return [...this.#attempts].map(({ entry }) => entry);
  }

  /** How many more slices the thread may hold. */
  get free(): number {
    if (this.#load.pages >= MAX_PAGES[this.#lane].total) return 0;
    return MAX_SLICES[this.#lane].total - this.#attempts.size;
  }

  /** The accounts, and the groups of the queue, that may hold no more. */
  full(): { accounts: string[]; groups: string[] } {
    const most = MAX_SLICES[this.#lane];
    const { entries } = this;
    const accounts = keysWith(
      entries.map(({ data }) => data.account_id),
      most.account,
    );
    const slow = entries.filter(({ data }) => data.host !== undefined || data.capped);
    return {
      accounts: [...new Set([...accounts, ...this.#load.accountsWith(MAX_PAGES[this.#lane].account)])],
      groups: keysWith(
        slow.map(({ data }) => groupOf(data)),
        most.group,
      ),
    };
  }

  /** Holds a slice until `work` has ended, which handles its own errors. */
  add(entry: QueueJob<Slice>, work: (signal: AbortSignal) => Promise<void>): void {
    const abort = new AbortController();
    const done = work(abort.signal).finally(() => {
      this.#attempts.delete(attempt);
      this.#changed();
    });
    const attempt = { entry, abort, done };
    this.#attempts.add(attempt);
    this.#changed();
  }

  abort(which: (slice: Slice) => boolean): void {
    for (const { entry, abort } of this.#attempts) if (which(entry.data)) abort.abort();
  }

  /** Resolves when every attempt that is under way has ended. */
  async done(): Promise<void> {
    await Promise.all([...this.#attempts].map((attempt) => attempt.done));
  }

  #changed(): void {
    this.#onChange(this.entries.map(({ id, retryCount }) => ({ id, retryCount })));
  }
}

/** The keys that occur at least `times` times. */
function keysWith(keys: string[], times: number): string[] {
  return [...Map.groupBy(keys, (key) => key)].filter(([, all]) => all.length >= times).map(([key]) => key);
}
