import { INITIAL_CONCURRENCY } from './endpoint-concurrency.ts';

/** How long an endpoint rests, after how many failures in a row; 0 ms where it does not. */
export interface Rest {
  ms: number;
  failures: number;
}

/** What was last reported of an endpoint, so that only news is. */
export class EndpointReports {
  #isResting = false;
  #limit = INITIAL_CONCURRENCY;

  /** The rest to report after an attempt; null where it goes on not resting. */
  rest(now: Rest): Rest | null {
    if (now.ms === 0 && !this.#isResting) return null;
    this.#isResting = now.ms > 0;
    return now;
  }

  /** The limit of its concurrency where it has changed since the last call; else null. */
  limit(now: number): number | null {
    if (now === this.#limit) return null;
    this.#limit = now;
    return now;
  }
}
