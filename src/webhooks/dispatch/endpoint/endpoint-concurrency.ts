/** Where every endpoint starts. Slow answers alone never push the limit below this; refusals do. */
export const INITIAL_CONCURRENCY = 8;
const OVERLOAD_FACTOR = 0.5;
const SLOW_FACTOR = 0.75;
/** Weight of the latest answer in the moving average. */
const SMOOTHING = 0.1;
/**
 * The part of the baseline that a round at INITIAL_CONCURRENCY forgets, so that it follows a
 * receiver that has become slower for good.
 */
const BASELINE_DRIFT = 1.1;
/**
 * A round is slow where its fastest answer took longer than `baseline * SLOW_RATIO +
 * SLOW_SLACK_MS`. One may be a pause of this process; requests queue up at the receiver where
 * SLOW_ROUNDS follow each other.
 */
const SLOW_RATIO = 3;
const SLOW_SLACK_MS = 25;
const SLOW_ROUNDS = 2;
/** The assumed latency of an endpoint that has not answered yet. */
const ASSUMED_LATENCY_MS = 50;

/**
 * How many requests may be under way to one endpoint: one more with each round of successes while
 * it keeps up, and a fraction when it slows down, refuses (429, 503) or fails. A round is as many
 * answers as requests may be under way; its losses count once. What it looks at is the fastest
 * answer of a round: where requests queue up, none is fast, while a busy machine delays only some.
 */
export class EndpointConcurrency {
  readonly max: number;
  #limit: number;
  #latency: number | null = null;
  /** The fastest answer of a round in which nothing queued up. */
  #baseline = Infinity;
  #fastest = Infinity;
  #answersLeft: number;
  #slowRounds = 0;
  #holdUntil = 0;

  constructor(max: number) {
    this.max = max;
    this.#limit = Math.min(INITIAL_CONCURRENCY, max);
    this.#answersLeft = this.limit;
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
    this.#fastest = Math.min(this.#fastest, ms);
    if (--this.#answersLeft <= 0) this.#endRound(now);
    if (crowded && this.#slowRounds < SLOW_ROUNDS)
      this.#limit = Math.min(this.max, this.#limit + 1 / this.#limit);
  }

  /** The endpoint refused or failed a request. */
  overload(now: number): void {
    this.#decrease(OVERLOAD_FACTOR, 1, now);
  }

  #endRound(now: number): void {
    const drift = this.#limit <= INITIAL_CONCURRENCY ? BASELINE_DRIFT : 1;
    this.#baseline = Math.min(this.#fastest, this.#baseline * drift);
    const slow = this.#fastest > this.#baseline * SLOW_RATIO + SLOW_SLACK_MS;
    this.#slowRounds = slow ? this.#slowRounds + 1 : 0;
    if (this.#slowRounds >= SLOW_ROUNDS)
      this.#decrease(SLOW_FACTOR, Math.min(INITIAL_CONCURRENCY, this.#limit), now);
    this.#fastest = Infinity;
    this.#answersLeft = this.limit;
  }

  #decrease(factor: number, least: number, now: number): void {
    if (now < this.#holdUntil) return;
    this.#limit = Math.max(least, this.#limit * factor);
    this.#holdUntil = now + this.latencyMs;
  }
}
