import { isRetryable } from '../../egress/index.ts';
import { PAUSE_STATUSES, retryAfterSeconds, TRANSIENT_STATUSES } from '../hosts/answer.ts';
import { firstPause } from '../hosts/clock.ts';
import { RobotsUnavailableError } from '../hosts/errors.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { RoutedPage } from '../proxies/routed-egress.ts';
import type { BegunVisit } from './map-time.ts';

/** Seconds before each further try of a page that failed for the moment. */
const RETRY_DELAYS = [1, 2, 4];

/** The seconds until the next try of a page that failed with this error; null: there is none. */
export function secondsAfterError(error: unknown, tries: number): number | null {
  const delay = RETRY_DELAYS[tries];
  if (delay === undefined) return null;
  if (error instanceof RobotsUnavailableError) return Math.max(delay, error.seconds);
  return isRetryable(error) ? delay : null;
}

/**
 * Records whether the host asks for a pause. Returns the seconds until the next try of a transient
 * answer, or null to take the answer.
 */
export async function secondsAfterAnswer(
  { clock, resting }: Hosts,
  { job, page, sync }: BegunVisit,
  fetched: RoutedPage,
): Promise<number | null> {
  const mayRetry = !sync && page.tries < RETRY_DELAYS.length;
  const visitor = { accountId: job.account_id, host: page.host };
  if (fetched.via === 'caller') {
    // What comes through a caller's proxy binds nobody else.
    if (!TRANSIENT_STATUSES.has(fetched.status)) return null;
    const pause = firstPause(retryAfterSeconds(fetched));
    resting.restAccount(visitor, pause);
    return mayRetry ? pause : null;
  }
  if (PAUSE_STATUSES.has(fetched.status)) {
    const pause = await clock.backOff(visitor, fetched.status, retryAfterSeconds(fetched));
    resting.rest(visitor, pause);
    return mayRetry ? pause.seconds : null;
  }
  if (TRANSIENT_STATUSES.has(fetched.status)) return mayRetry ? RETRY_DELAYS[page.tries]! : null;
  if (page.tries > 0) await clock.endBackOff(visitor);
  return null;
}
