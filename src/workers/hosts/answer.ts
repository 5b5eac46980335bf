import type { FetchedPage } from '../../egress/index.ts';
import { parseRetryAfter } from '../../egress/retry-after.ts';

export const USER_AGENT = 'Mozilla/5.0 (compatible; Ollagraph/1.0)';
/** The statuses with which a host asks for a pause. */
export const PAUSE_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** The statuses that may change at the next try. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** The seconds that an answer asks to wait, or null. */
export function retryAfterSeconds({ headers }: FetchedPage): number | null {
  return parseRetryAfter(headers['retry-after'] ?? null);
}
