/** Where every endpoint starts. Slow answers alone never push it below this; refusals do. */
export const INITIAL_CONCURRENCY = 8;
const OVERLOAD_FACTOR = 0.5;
const SLOW_FACTOR = 0.75;
/** Weight of the latest answer in the moving average. */
const SMOOTHING = 0.1;
/** How much of the baseline each answer forgets at INITIAL_CONCURRENCY, so that a receiver may become slower for good. */
const BASELINE_DRIFT = 1.01;
/** An average above `baseline * SLOW_RATIO + SLOW_SLACK_MS` means that requests queue up at the receiver. */
const SLOW_RATIO = 2;
const SLOW_SLACK_MS = 25;
/** Taken for the latency of an endpoint that has not answered yet. */
const ASSUMED_LATENCY_MS = 50;

/**
 * How many requests may be under way to one endpoint: one more with each round of successes while it keeps up, and a
 * fraction when it slows down, refuses (429, 503) or fails. A round's losses count once.
 */
export class EndpointConcurrency {
  readonly max: number;
  #limit: number;
  #latency: number | null = null;
  /** The latency of a receiver that is not crowded. */
  #baseline = Infinity;
  #holdUntil = 0;

  constructor(max: number) {
    this.max = max;
    this.#limit = Math.min(INITIAL_CONCURRENCY, max);
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** How long an answer takes, in milliseconds: a moving average. */
  get latencyMs(): number {
    return this.#latency ?? ASSUMED_LATENCY_MS;
  }

  /** An answer came after `ms`. `crowded`: all places were taken when its request began. */
  succeed(ms: number, crowded: boolean, now: number): void {
    this.#latency = this.#latency === null ? ms : this.#latency + (ms - this.#latency) * SMOOTHING;
    const drift = this.#limit <= INITIAL_CONCURRENCY ? BASELINE_DRIFT : 1;
    this.#baseline = Math.min(this.#latency, this.#baseline * drift);
    const slow = this.#latency > this.#baseline * SLOW_RATIO + SLOW_SLACK_MS;
    if (slow) this.#decrease(SLOW_FACTOR, Math.min(INITIAL_CONCURRENCY, this.#limit), now);
    else if (crowded) this.#limit = Math.min(this.max, this.#limit + 1 / this.#limit);
  }

  /** The endpoint refused or failed a request. */
  overload(now: number): void {
    this.#decrease(OVERLOAD_FACTOR, 1, now);
  }

  #decrease(factor: number, least: number, now: number): void {
    if (now < this.#holdUntil) return;
    this.#limit = Math.max(least, this.#limit * factor);
    this.#holdUntil = now + this.latencyMs;
  }
}
