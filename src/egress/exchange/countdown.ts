/** A time limit that can be set again, and halted during waits that do not count. */
export class Countdown {
  readonly #onEnd: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** When it ends, on performance.now's clock. */
  #endsAt = 0;
  /** What was left when it was halted. */
  #leftMs: number | null = null;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  start(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#leftMs = null;
    this.#endsAt = performance.now() + milliseconds;
    this.#timer = setTimeout(this.#onEnd, milliseconds);
  }

  /** Ends it in so many milliseconds, unless it ends sooner. */
  shorten(milliseconds: number): void {
    if (this.#endsAt - performance.now() > milliseconds) this.start(milliseconds);
  }

  halt(): void {
    clearTimeout(this.#timer);
    this.#leftMs ??= Math.max(0, this.#endsAt - performance.now());
  }

  goOn(): void {
    if (this.#leftMs !== null) this.start(this.#leftMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
