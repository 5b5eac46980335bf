/**
 * An attempt to open something: aborts with `signal`, or when its time is up, until it is disposed
 * of.
 */
export class Attempt implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #abort = () => this.#controller.abort();
  /** Whether its time is up. */
  late = false;

  constructor(outer: AbortSignal, timeoutMs?: number) {
    this.#outer = outer;
    if (outer.aborted) this.#abort();
    outer.addEventListener('abort', this.#abort);
    if (timeoutMs !== undefined) this.#timer = setTimeout(() => this.#expire(), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  #expire(): void {
    this.late = true;
    this.#abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#abort);
  }
}
