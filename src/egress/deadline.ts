import { EgressError } from './errors.ts';

/** How often to look again at a deadline that is held. */
const HELD_LOOK_MS = 20;

/**
 * A point in time by which everything must be over, not counting the time for which it was held.
 */
export class Deadline {
  #at: number;
  #heldSince: number | null = null;
  #holds = 0;
  readonly #signal: AbortSignal | undefined;

  constructor(timeoutMs: number, signal?: AbortSignal) {
    this.#at = performance.now() + timeoutMs;
    this.#signal = signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#at - (this.#heldSince ?? performance.now()));
  }

  /** Waits for something whose time does not count. */
  async hold<T>(wait: Promise<T>): Promise<T> {
    if (this.#holds++ === 0) this.#heldSince = performance.now();
    try {
      return await wait;
    } finally {
      if (--this.#holds === 0) {
        this.#at += performance.now() - this.#heldSince!;
        this.#heldSince = null;
      }
    }
  }

  /**
   * The outcome of `work`, or an EgressError `timeout` or `cancelled` when that comes first; `work`
   * then goes on unseen.
   */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = () =>
        finish(() => reject(new EgressError('cancelled', { cause: this.#signal?.reason })));
      const expire = () => {
        if (this.remainingMs > 0) timer = setTimeout(expire, Math.max(this.remainingMs, HELD_LOOK_MS));
        else finish(() => reject(new EgressError('timeout')));
      };
      let timer = setTimeout(expire, this.remainingMs);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#signal?.removeEventListener('abort', cancel);
        settle();
      };
      this.#signal?.addEventListener('abort', cancel);
      if (this.#signal?.aborted) cancel();
      work.then(
        (value) => finish(() => resolve(value)),
        (error: unknown) => finish(() => reject(error)),
      );
    });
  }
}
