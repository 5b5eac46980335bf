/** Failures in a row that open the breaker. */
const OPENING_FAILURES = 10;
const FIRST_REST_MS = 500;
const MAX_REST_MS = 30_000;

/**
 * Counts failures in a row. After OPENING_FAILURES it is open: it rests, allows one probe, and
 * rests twice as long after each probe that fails, up to MAX_REST_MS. One success closes it. Times
 * are on performance.now's clock.
 */
export class Breaker {
  #failures = 0;
  #restUntil = 0;

  get failures(): number {
    return this.#failures;
  }

  /** Whether it rests or allows only a probe. */
  get isOpen(): boolean {
    return this.#failures >= OPENING_FAILURES;
  }

  /** Milliseconds of rest that are left. */
  restMs(now: number): number {
    return Math.max(0, this.#restUntil - now);
  }

  succeed(): void {
    this.#failures = 0;
    this.#restUntil = 0;
  }

  fail(now: number): void {
    this.#failures++;
    if (!this.isOpen) return;
    const rest = FIRST_REST_MS * 2 ** Math.min(10, this.#failures - OPENING_FAILURES);
    this.#restUntil = now + Math.min(MAX_REST_MS, rest);
  }
}
