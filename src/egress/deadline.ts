import { EgressError } from './errors.ts';

/** A point in time by which everything must be over. */
export class Deadline {
  readonly #at: number;
  readonly #signal: AbortSignal | undefined;

  constructor(timeoutMs: number, signal?: AbortSignal) {
    this.#at = performance.now() + timeoutMs;
    this.#signal = signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** The outcome of `work`, or an EgressError `timeout` or `cancelled` when that comes first; `work` then goes on unseen. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = () => finish(() => reject(new EgressError('cancelled', { cause: this.#signal?.reason })));
      const timer = setTimeout(() => finish(() => reject(new EgressError('timeout'))), this.remainingMs);
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
