import { Semaphore } from './semaphore.ts';
import { PerAccount } from './per-account.ts';

/** Pages being fetched or read at once in one thread, and so the bodies it can have in memory. */
const PLACES = 64;
/** Of these, one account's: its pages that never end leave some to others. */
const PLACES_OF_ACCOUNT = 48;

/** Such a transaction takes some 5 ms; one that waits for another's lock, or for a slow database, is not waited for. */
const PAUSE_MS = 50;

/** What one thread has to do. */
export class Load {
  #open = 0;
  #parked = 0;
  readonly #places = new Semaphore(PLACES);
  readonly #shares = new PerAccount(() => new Semaphore(PLACES_OF_ACCOUNT));
  readonly #pauses = new Set<Promise<void>>();

  /** Pages of the slices that the thread holds, without those that only wait for their host. */
  get pages(): number {
    return this.#open - this.#parked;
  }

  /** A slice has brought so many pages; negative where they have come to an end. */
  add(pages: number): void {
    this.#open += pages;
  }

  /** A page waits for its host. */
  async park<T>(wait: Promise<T>): Promise<T> {
    this.#parked++;
    try {
      return await wait;
    } finally {
      this.#parked--;
    }
  }

  /**
   * Keeps further pages from being read until what it returns is disposed of, PAUSE_MS at most: for a transaction that locks a job's
   * row. Each of its statements would otherwise wait for a page, and the job's other threads for all of them.
   */
  pauseReading(): Disposable {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      clearTimeout(timer);
      this.#pauses.delete(promise);
      resolve();
    };
    const timer = setTimeout(end, PAUSE_MS);
    this.#pauses.add(promise);
    return { [Symbol.dispose]: end };
  }

  /** Resolves when a page may be read. */
  async untilReadable(): Promise<void> {
    while (this.#pauses.size > 0) await Promise.all(this.#pauses);
  }

  /** Fetches and reads a page of the account in one of the thread's places. */
  async run<T>(accountId: string, task: () => Promise<T>): Promise<T> {
    using share = this.#shares.borrow(accountId);
    return await share.value.run(async () => await this.#places.run(task));
  }
}
