import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
const MAX_FAILURES = 10;
const MAX_CLIENTS = 10_000;

/** Slows down those who guess keys: after ten failed sign-ins within a minute, an address waits until the minute is over. Per process. */
export class AttemptLimit {
  readonly #failures = new LRUCache<string, { count: number; until: number }>({ max: MAX_CLIENTS });

  /** Seconds that the client has to wait, 0 where it may try. */
  waitSeconds(client: string, now: number = Date.now()): number {
    const entry = this.#failures.get(client);
    if (!entry || now >= entry.until || entry.count < MAX_FAILURES) return 0;
    return Math.ceil((entry.until - now) / 1000);
  }

  fail(client: string, now: number = Date.now()): void {
    const entry = this.#failures.get(client);
    if (entry && now < entry.until) {
      entry.count++;
      return;
    }
    this.#failures.set(client, { count: 1, until: now + WINDOW_MS });
  }
}
