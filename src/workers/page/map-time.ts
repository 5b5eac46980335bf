import type { MapOptions } from '../../jobs/options.ts';
import type { Visit } from '../job.ts';

/** What writing and storing one URL of a map takes on a busy machine. */
const WRITE_MS_PER_URL = 0.03;

/** A visit that has begun. */
export interface BegunVisit extends Visit {
  /** A caller waits for the answer: a transient failure is retried at once, and once only. */
  sync: boolean;
  /** By `performance.now()`. */
  startedAt: number;
}

/**
 * What is left of the time of a map. Where a caller waits for it, the time counts from its job's
 * creation: the caller does not know how long it was queued. What it takes to write the URLs down
 * is kept back.
 */
export function mapLeftMs(
  { page, sync, startedAt }: BegunVisit,
  { timeout_ms, max_urls }: MapOptions,
): number {
  const waitedMs = sync ? page.waited_ms : 0;
  const passedMs = waitedMs + performance.now() - startedAt;
  return timeout_ms - passedMs - max_urls * WRITE_MS_PER_URL;
}
