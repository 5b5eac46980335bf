import { INITIAL_CONCURRENCY } from './endpoint-concurrency.ts';

/** The most deliveries of one endpoint that are claimed ahead of sending. */
const MAX_AHEAD = 256;
/** What is claimed ahead should be under way within this time, well inside the lease. */
const MAX_AHEAD_MS = 5000;

/** How many deliveries of an endpoint to claim ahead of sending: more with each success. */
export class ClaimWindow {
  #size = INITIAL_CONCURRENCY;

  /** No more than the endpoint can take within MAX_AHEAD_MS, `limit` at a time. */
  size(limit: number, latencyMs: number): number {
    return Math.min(this.#size, MAX_AHEAD, Math.ceil((limit * MAX_AHEAD_MS) / Math.max(1, latencyMs)));
  }

  grow(): void {
    this.#size = Math.min(MAX_AHEAD, this.#size + 1);
  }

  halve(): void {
    this.#size = Math.max(1, this.#size >> 1);
  }
}
