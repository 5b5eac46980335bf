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
 * The time left for a map, without what it takes to write its URLs. Where a caller waits for the
 * map, its time counts from the job's creation: the caller does not know how long it was queued.
 */
export function mapLeftMs(
  { page, sync, startedAt }: BegunVisit,
  { timeout_ms, max_urls }: MapOptions,
): number {
  const waitedMs = sync ? page.waited_ms : 0;
  const passedMs = waitedMs + performance.now() - startedAt;
  return timeout_ms - passedMs - max_urls * WRITE_MS_PER_URL;
}
