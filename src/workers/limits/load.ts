import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';

/**
 * Pages that are fetched or read at once in one thread, and so the bodies that it has in memory.
 */
const PLACES = 64;
/** The share of one account, so that its pages that never end leave places to others. */
const ACCOUNT_PLACES = 48;

/** The pages that one thread has taken on, by account. */
export class Load {
  /** The pages of each account that the thread has to do. Accounts without any have no entry. */
  readonly #pages = new Map<string, number>();
  readonly #places = new Semaphore(PLACES);
  readonly #shares = new KeyedSemaphore(ACCOUNT_PLACES);

  /** The pages that the thread has to do. Those that only wait for their host do not count. */
  get pages(): number {
    return this.#pages.values().reduce((sum, pages) => sum + pages, 0);
  }

  /** The accounts that have at least so many pages to do. */
  accountsWith(pages: number): string[] {
    return [...this.#pages].filter(([, open]) => open >= pages).map(([accountId]) => accountId);
  }

  /** Records pages that a slice has brought, or, where negative, pages that have ended. */
  add(accountId: string, pages: number): void {
    const open = (this.#pages.get(accountId) ?? 0) + pages;
    if (open === 0) this.#pages.delete(accountId);
    else this.#pages.set(accountId, open);
  }

  /** Waits with a page of the account for its host. */
  async park<T>(accountId: string, wait: Promise<T>): Promise<T> {
    this.add(accountId, -1);
    try {
      return await wait;
    } finally {
      this.add(accountId, 1);
    }
  }

  /** Waits for a place in which a page of the account is fetched and read. */
  async enter(accountId: string): Promise<Disposable> {
    using stack = new DisposableStack();
    stack.use(await this.#shares.acquire(accountId));
    stack.use(await this.#places.acquire());
    return stack.move();
  }
}
