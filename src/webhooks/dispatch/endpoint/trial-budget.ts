const BURST_REQUESTS = 100;
const REQUESTS_PER_SECOND = 2;

/**
 * What one account may send to a host that has never answered it with a 2xx. Without it any host
 * could be flooded by naming it as a webhook. A bucket of requests that refills evenly. Egress
 * counts bytes, by address.
 */
export class TrialBudget {
  #requests = BURST_REQUESTS;
  #filledAt = performance.now();
  #passed = false;

  /** How many requests may begin now. */
  available(now: number): number {
    if (this.#passed) return Infinity;
    const seconds = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#requests = Math.min(BURST_REQUESTS, this.#requests + seconds * REQUESTS_PER_SECOND);
    return Math.floor(this.#requests);
  }

  spendRequest(): void {
    this.#requests--;
  }

  /** The host has answered with a 2xx: no limit any more. */
  pass(): void {
    this.#passed = true;
  }
}
