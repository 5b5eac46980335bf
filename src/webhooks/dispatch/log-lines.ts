import type { Log } from '../../log.ts';
import type { FinishedAttempt } from '../outbox/finished-attempt.ts';
import type { Endpoint } from './endpoint/endpoint.ts';

/**
 * Logs an attempt that was recorded: at info where it failed, so that an operator sees what does
 * not arrive.
 */
export function logAttempt(log: Log, { delivery, result, outcome }: FinishedAttempt): void {
  const failed = result.error !== null;
  if (!log.isLevelEnabled(failed ? 'info' : 'debug')) return;
  const { request_id, account_id, id: delivery_id, job_id, endpoint, attempts: attempt } = delivery;
  const { status_code, error } = result;
  const fields = { request_id, account_id, delivery_id, job_id, endpoint, attempt, status_code, error };
  if (!failed) log.debug(fields, 'delivery accepted');
  else if (outcome.status === 'retry')
    log.info({ ...fields, retry_in_s: Math.round(outcome.delay) }, 'delivery attempt failed');
  else log.info(fields, 'delivery exhausted');
}

/** Logs that an endpoint rests, or (0 ms) that it answers again. */
export function logPause(
  log: Log,
  { account_id, endpoint }: Endpoint,
  { ms, failures }: { ms: number; failures: number },
): void {
  const fields = { account_id, endpoint, rest_ms: Math.round(ms), failures };
  log.info(fields, ms > 0 ? 'endpoint backs off' : 'endpoint answers again');
}
