import { LRUCache } from 'lru-cache';
import { isRefusal, type BlockVerdict } from '../../scrape/block/index.ts';
import { PageError } from '../../scrape/types.ts';

/** Block pages in a row after which a host is left alone. */
const REFUSALS_IN_A_ROW = 5;
/** The first rest. Each further one in a row is twice as long. */
const FIRST_REST_MS = 60_000;
const MAX_REST_MS = 600_000;
const MAX_HOSTS = 2000;

/** The host has answered several pages of the job with block pages. */
export class HostRefusesError extends PageError {
  readonly verdict: BlockVerdict;

  constructor(verdict: BlockVerdict) {
    super('blocked_by_site');
    this.verdict = verdict;
  }
}

interface Refusals {
  inARow: number;
  rests: number;
  /** On the clock of performance.now(). */
  until: number;
  verdict: BlockVerdict;
}

/**
 * The hosts that refuse a job, as far as this thread knows. Each job counts by itself: another may
 * send other headers or cookies.
 */
export class RefusingHosts {
  readonly #hosts = new LRUCache<string, Refusals>({ max: MAX_HOSTS });
  /** Those whose last answer was no refusal. */
  readonly #open = new LRUCache<string, true>({ max: MAX_HOSTS });

  /** Throws HostRefusesError while the host is left alone. After a rest, pages try it again. */
  check(jobId: string, host: string): void {
    const refusals = this.#hosts.get(`${jobId} ${host}`);
    if (refusals && refusals.until > performance.now()) throw new HostRefusesError(refusals.verdict);
  }

  /**
   * Whether the host may be refusing: its last answer was a refusal, or none is known. It is then
   * asked for no more pages than its places before their answers are judged.
   */
  mayBlock(jobId: string, host: string): boolean {
    return !this.#open.has(`${jobId} ${host}`);
  }

  /** Records the verdict on a page. A page that is no block page ends the row. */
  record(jobId: string, host: string, verdict: BlockVerdict | null): void {
    const key = `${jobId} ${host}`;
    if (verdict === null || !isRefusal(verdict)) {
      this.#hosts.delete(key);
      this.#open.set(key, true);
      return;
    }
    this.#open.delete(key);
    const { inARow, rests, until } = this.#hosts.get(key) ?? { inARow: 0, rests: 0, until: 0 };
    const now = performance.now();
    const refused = { inARow: inARow + 1, rests, until, verdict };
    if (refused.inARow >= REFUSALS_IN_A_ROW && until <= now) {
      refused.until = now + Math.min(FIRST_REST_MS * 2 ** rests, MAX_REST_MS);
      refused.rests++;
    }
    this.#hosts.set(key, refused);
  }
}
