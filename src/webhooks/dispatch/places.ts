import { performance, type EventLoopUtilization } from 'node:perf_hooks';

const LEAST = 64;
const MOST = 512;
const LOOK_MS = 100;
/** Shares of its time for which the thread is at work: below the first it can carry more requests, above the second it cannot. */
const IDLE = 0.7;
const BUSY = 0.9;

/**
 * How many requests may be under way at once: as many as keep this thread busy. Where receivers are slow that takes many; where they are
 * fast more than a few only stand in each other's way: four hundred connections cost half as much again a request as sixty-four.
 */
export class Places {
  readonly #onMore: () => void;
  #limit = LEAST;
  #timer: NodeJS.Timeout | undefined;
  #last: EventLoopUtilization = performance.eventLoopUtilization();

  /** `onMore` is called when there are more places than before. */
  constructor(onMore: () => void) {
    this.#onMore = onMore;
  }

  get limit(): number {
    return this.#limit;
  }

  /** `lacking` tells whether a request waits for a place. */
  start(lacking: () => boolean): void {
    this.#timer = setInterval(() => this.#look(lacking), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(lacking: () => boolean): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    if (utilization > BUSY) this.#limit = Math.max(LEAST, Math.floor(this.#limit * 0.75));
    else if (utilization < IDLE && this.#limit < MOST && lacking()) {
      this.#limit = Math.min(MOST, this.#limit * 2);
      this.#onMore();
    }
  }
}
