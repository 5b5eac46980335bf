import { performance, type EventLoopUtilization } from 'node:perf_hooks';

const MIN_LIMIT = 64;
export const MAX_LIMIT = 512;
const ADJUST_MS = 100;
/**
 * Utilisation of the thread: below the first it can carry more requests, above the second it
 * cannot.
 */
const IDLE = 0.7;
const BUSY = 0.9;

/**
 * The most requests under way at once: as many as keep this thread busy. Slow receivers need many.
 * Fast ones are served best with few: a request costs half as much again on 400 connections as on
 * 64.
 */
export class AdaptiveConcurrency {
  readonly #isShort: () => boolean;
  readonly #onGrowth: () => void;
  #limit = MIN_LIMIT;
  #timer: NodeJS.Timeout | undefined;
  #last: EventLoopUtilization = performance.eventLoopUtilization();

  /**
   * `isShort`: whether a request waits for a place. `onGrowth` is called when the limit has grown.
   */
  constructor(isShort: () => boolean, onGrowth: () => void) {
    this.#isShort = isShort;
    this.#onGrowth = onGrowth;
  }

  get limit(): number {
    return this.#limit;
  }

  start(): void {
    this.#timer = setInterval(() => this.#adjust(), ADJUST_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #adjust(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    if (utilization > BUSY) this.#limit = Math.max(MIN_LIMIT, Math.floor(this.#limit * 0.75));
    else if (utilization < IDLE && this.#limit < MAX_LIMIT && this.#isShort()) {
      this.#limit = Math.min(MAX_LIMIT, this.#limit * 2);
      this.#onGrowth();
    }
  }
}
