import type { AttemptResult, Outcome } from '../outbox/finished-attempt.ts';
import type { AttemptError } from './attempt-errors.ts';

/** Errors that every attempt would have. */
const CANNOT_SUCCEED: ReadonlySet<AttemptError> = new Set(['body_changed']);

/** The most that jitter adds to a step. */
const JITTER = 0.2;

/**
 * Seconds until the next attempt after `failures` failed ones (counted since the schedule was
 * started), or null when the schedule is used up. Jitter adds up to 20 %. A longer Retry-After is
 * honoured up to the length of the step after this one.
 */
export function retryDelay(
  schedule: number[],
  failures: number,
  retryAfter: number | null,
  random: () => number = Math.random,
): number | null {
  const step = schedule[failures - 1];
  if (step === undefined) return null;
  const asked = Math.min(retryAfter ?? 0, schedule[failures] ?? step);
  return Math.max(step * (1 + JITTER * random()), asked);
}

/**
 * What becomes of a delivery after an attempt, when `failures` attempts before it had failed since
 * its schedule was started.
 */
export function outcomeOf(
  { error, retry_after }: Pick<AttemptResult, 'error' | 'retry_after'>,
  failures: number,
  schedule: number[],
): Outcome {
  if (error === null) return { status: 'delivered' };
  const delay = CANNOT_SUCCEED.has(error) ? null : retryDelay(schedule, failures + 1, retry_after);
  return delay === null ? { status: 'exhausted' } : { status: 'retry', delay };
}
