import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';

/** The most pages fetched or read at once in one thread, and so the most bodies in its memory. */
const PLACES = 64;
/** The share of one account, so that its hanging pages leave places to others. */
const ACCOUNT_PLACES = 48;

/** The pages that one thread has taken on, by account. */
export class Load {
  /** The open pages of each account in this thread. Accounts without any have no entry. */
  readonly #pages = new Map<string, number>();
  readonly #places = new Semaphore(PLACES);
  readonly #shares = new KeyedSemaphore(ACCOUNT_PLACES);

  /** The pages that the thread has to do. Those that only wait for their host do not count. */
  get pages(): number {
    return this.#pages.values().reduce((sum, pages) => sum + pages, 0);
  }

  /** The accounts that have at least `pages` pages to do. */
  accountsWith(pages: number): string[] {
    return [...this.#pages].filter(([, open]) => open >= pages).map(([accountId]) => accountId);
  }

  /**
   * Records pages that a slice has brought (a positive number) or that have ended (a negative one).
   */
  add(accountId: string, pages: number): void {
    const open = (this.#pages.get(accountId) ?? 0) + pages;
    if (open === 0) this.#pages.delete(accountId);
    else this.#pages.set(accountId, open);
  }

  /** Waits for a page's host. Meanwhile the page does not count. */
  async park<T>(accountId: string, wait: Promise<T>): Promise<T> {
    this.add(accountId, -1);
    try {
      return await wait;
    } finally {
      this.add(accountId, 1);
    }
  }

  /** Waits for a place to fetch and read a page of the account. */
  async enter(accountId: string): Promise<Disposable> {
    using stack = new DisposableStack();
    stack.use(await this.#shares.acquire(accountId));
    stack.use(await this.#places.acquire());
    return stack.move();
  }
}
