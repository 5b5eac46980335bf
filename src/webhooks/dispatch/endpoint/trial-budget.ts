const BURST_REQUESTS = 100;
const REQUESTS_PER_SECOND = 2;
const BURST_BYTES = 1024 * 1024;
const BYTES_PER_SECOND = 64 * 1024;

/**
 * What one account may send to a host that has never answered it with a 2xx. Without it any host
 * could be flooded by naming it as a webhook. A bucket of requests and a bucket of bytes, which
 * refill evenly; the bytes of a request count when it is over.
 */
export class TrialBudget {
  #requests = BURST_REQUESTS;
  #bytes = BURST_BYTES;
  #filledAt = performance.now();
  #passed = false;

  /** How many requests may begin now. */
  available(now: number): number {
    if (this.#passed) return Infinity;
    const seconds = Math.max(0, now - this.#filledAt) / 1000;
    this.#filledAt = now;
    this.#requests = Math.min(BURST_REQUESTS, this.#requests + seconds * REQUESTS_PER_SECOND);
    this.#bytes = Math.min(BURST_BYTES, this.#bytes + seconds * BYTES_PER_SECOND);
    return this.#bytes > 0 ? Math.floor(this.#requests) : 0;
  }

  spendRequest(): void {
    this.#requests--;
  }

  spendBytes(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** The host has answered with a 2xx: no limit any more. */
  pass(): void {
    this.#passed = true;
  }
}
