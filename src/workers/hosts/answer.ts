import type { FetchedPage } from '../../egress/index.ts';
import { parseRetryAfter } from '../../egress/retry-after.ts';

export const USER_AGENT = 'Mozilla/5.0 (compatible; Ollagraph/1.0)';
/** With these statuses a host asks to be left alone for a while. */
export const PAUSE_STATUSES: ReadonlySet<number> = new Set([429, 503]);
/** Statuses that may be another one at the next try. */
export const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** The seconds that an answer asks to wait, or null. */
export function retryAfterSeconds({ headers }: FetchedPage): number | null {
  return parseRetryAfter(headers['retry-after'] ?? null);
}
