import type { AttemptError } from '../send/attempt-errors.ts';
import type { ClaimedDelivery } from './claim.ts';

/** How an attempt went. */
export interface AttemptResult {
  status_code: number | null;
  /** Null: delivered. */
  error: AttemptError | null;
  /** The fault of TLS, or where a redirect leads. */
  error_detail: string | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  duration_ms: number;
  bytes_sent: number;
  response_body: string | null;
  remote_address: string | null;
  /** Seconds that the receiver asked us to wait. */
  retry_after: number | null;
  /** From the claim, which began the attempt by the database's clock, to its start. */
  waited_ms: number;
  body_bytes: number | null;
  /** In hexadecimal digits. */
  body_sha256: string | null;
}

/** What becomes of the delivery after its attempt. `delay` in seconds where it is tried again. */
export type Outcome = { status: 'delivered' | 'exhausted' } | { status: 'retry'; delay: number };

export interface FinishedAttempt {
  delivery: ClaimedDelivery;
  result: AttemptResult;
  outcome: Outcome;
}
