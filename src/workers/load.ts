import { Semaphore } from '../semaphore.ts';

/** Pages being fetched or read at once in one thread, and so the bodies it can have in memory. */
const PLACES = 64;

/** What one thread has to do. */
export class Load {
  #open = 0;
  #parked = 0;
  readonly #places = new Semaphore(PLACES);

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

  /** Fetches and reads a page in one of the thread's places. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    return await this.#places.run(task);
  }
}
