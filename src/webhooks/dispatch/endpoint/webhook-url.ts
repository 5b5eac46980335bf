import type { ClaimedDelivery } from '../../outbox/claim.ts';
import { Breaker } from './breaker.ts';
import { INITIAL_CONCURRENCY } from './endpoint-concurrency.ts';

/** A claimed delivery that waits for its place. `claimedAt` is on performance.now's clock. */
export interface WaitingDelivery {
  delivery: ClaimedDelivery;
  claimedAt: number;
}

/** What a dispatcher knows of one URL of an endpoint. A URL that fails backs off by itself. */
export class WebhookUrl {
  readonly url: string;
  /** Its lane in the outbox; null until a delivery of that lane was claimed. */
  lane: number | null = null;
  readonly breaker = new Breaker();
  readonly waiting: WaitingDelivery[] = [];
  inFlight = 0;
  /** The requests in flight that took so long that their places were passed on to other URLs. */
  stalled = 0;
  /** Whether it has ever answered with a 2xx, and has not failed since. */
  proven = false;

  constructor(url: string) {
    this.url = url;
  }

  get failing(): boolean {
    return this.breaker.failures > 0;
  }

  get idle(): boolean {
    return this.waiting.length === 0 && this.inFlight === 0;
  }

  /**
   * How many requests may be under way to it at an endpoint that takes `limit`: half as many after
   * each failure.
   */
  places(limit: number, now: number): number {
    if (this.breaker.restMs(now) > 0) return 0;
    if (this.breaker.isOpen) return 1;
    const share = this.#keepsUp ? limit : Math.min(limit, INITIAL_CONCURRENCY);
    return Math.max(1, share >> this.breaker.failures);
  }

  /**
   * Whether its own answers earn it a share of the endpoint's growth: most of its requests do not
   * hang. Without this check the answers of other URLs would earn places for a URL that hangs.
   */
  get #keepsUp(): boolean {
    return this.proven && this.stalled * 2 <= this.inFlight;
  }

  /**
   * How many more deliveries to claim for it, or null where only the endpoint's budget limits it.
   */
  claimLimit(limit: number, now: number): number | null {
    if (!this.failing && this.stalled === 0) return null;
    return Math.max(0, this.places(limit, now) - this.inFlight - this.waiting.length);
  }
}
