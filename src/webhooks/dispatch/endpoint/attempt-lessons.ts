import type { AttemptResult } from '../../outbox/finished-attempt.ts';

/**
 * From the request to the first byte of its answer, without the time that opening the connection
 * took.
 */
export function answerMs({ first_byte_ms, dns_ms, connect_ms, tls_ms, duration_ms }: AttemptResult): number {
  if (first_byte_ms === null) return duration_ms;
  return Math.max(0, first_byte_ms - (dns_ms ?? 0) - (connect_ms ?? 0) - (tls_ms ?? 0));
}

/** Whether no connection came about: that says something of the whole host. */
export function isUnreachable({ status_code, bytes_sent, error }: AttemptResult): boolean {
  return status_code === null && bytes_sent === 0 && error !== 'internal_error' && error !== 'body_changed';
}

/** Whether the receiver asks to be sent less. */
export function isRefusal({ status_code }: AttemptResult): boolean {
  return status_code === 429 || status_code === 503;
}
