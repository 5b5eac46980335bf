import type { Claimed, Want } from '../outbox/claim.ts';
import type { Finished } from '../outbox/record.ts';

/** The most requests under way to one endpoint from one process. */
export const MAX_IN_FLIGHT = 8;
/** The most deliveries of one endpoint held ahead of sending. */
const MAX_AHEAD = 256;
/** What is held ahead should be under way within this time, well inside the lease. */
const MAX_AHEAD_MS = 5000;
/** So many failures in a row open the breaker. */
const BREAKER_FAILURES = 10;
const BREAKER_FIRST_MS = 500;
const BREAKER_MAX_MS = 30_000;

/** What an account holds in a dispatcher: deliveries claimed ahead, and requests under way. */
export interface AccountLoad {
  ahead: number;
  inFlight: number;
}

/**
 * What a dispatcher knows of one endpoint (an account's host and port). A healthy one is given more room with every success; one that
 * fails has its room halved, and after BREAKER_FAILURES in a row rests, then gets one probe at a time. What it
 * owes stays due in the database and costs the other endpoints nothing.
 */
export class Endpoint {
  readonly account_id: string;
  readonly endpoint: string;
  /** Shared by the endpoints of the account. */
  readonly account: AccountLoad;
  /** Claimed and not yet sent. */
  readonly ahead: { delivery: Claimed; claimedAt: number }[] = [];
  inFlight = 0;
  #window = MAX_IN_FLIGHT;
  #failures = 0;
  #restUntil = 0;
  /** Milliseconds that an attempt takes, a moving average. */
  #latency = 50;

  constructor(account_id: string, endpoint: string, account: AccountLoad) {
    this.account_id = account_id;
    this.endpoint = endpoint;
    this.account = account;
  }

  /** How many more may be claimed now. */
  want(now: number): Want {
    const held = this.ahead.length + this.inFlight;
    return {
      account_id: this.account_id,
      endpoint: this.endpoint,
      count: Math.max(0, this.#room(now) - held),
    };
  }

  canSend(): boolean {
    return this.ahead.length > 0 && this.inFlight < Math.min(MAX_IN_FLIGHT, Math.max(1, this.#window));
  }

  /** Milliseconds that it still rests, and the failures in a row behind it. */
  rest(now: number): { ms: number; failures: number } {
    return { ms: Math.max(0, this.#restUntil - now), failures: this.#failures };
  }

  get idle(): boolean {
    return this.ahead.length === 0 && this.inFlight === 0 && this.#failures === 0;
  }

  /** Learns from an attempt. Returns whether it now rests, or no longer does, so that others should be told. */
  settle({ result }: Finished, now: number): boolean {
    this.#latency += (result.duration_ms - this.#latency) * 0.2;
    if (result.error === null) {
      const rested = this.#restUntil > 0;
      this.#failures = 0;
      this.#restUntil = 0;
      this.#window = Math.min(MAX_AHEAD, this.#window + 1);
      return rested;
    }
    this.#failures++;
    this.#window = Math.max(1, Math.floor(this.#window / 2));
    if (this.#failures < BREAKER_FAILURES) return false;
    const rest = BREAKER_FIRST_MS * 2 ** Math.min(10, this.#failures - BREAKER_FAILURES);
    this.#restUntil = now + Math.min(BREAKER_MAX_MS, rest);
    return true;
  }

  #room(now: number): number {
    if (now < this.#restUntil) return 0;
    if (this.#failures >= BREAKER_FAILURES) return 1;
    return Math.min(this.#window, Math.ceil((MAX_IN_FLIGHT * MAX_AHEAD_MS) / Math.max(1, this.#latency)));
  }
}
