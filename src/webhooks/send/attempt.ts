import { crashPoint } from '../../crash-point.ts';
import { AddressBusyError, EgressError, type PostResult } from '../../egress/index.ts';
import { parseRetryAfter } from '../../egress/retry-after.ts';
import type { Log } from '../../log.ts';
import { inSpan, markFailed, SpanKind, traceparentOf, type SpanOptions } from '../../tracing.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { AttemptResult } from '../outbox/finished-attempt.ts';
import { UnlinkedError } from './link.ts';
import {
  BodyChangedError,
  Poster,
  UnreadBodyError,
  UnsignedError,
  type BodyFacts,
  type PosterOptions,
} from './post.ts';
import { ATTEMPT_ERRORS, type AttemptError } from './attempt-errors.ts';

/** Why a delivery goes back without an attempt. */
export type NotSentError = UnsignedError | UnlinkedError | UnreadBodyError | AddressBusyError;
const NOT_SENT = [UnsignedError, UnlinkedError, UnreadBodyError, AddressBusyError];

export function isNotSent(error: unknown): error is NotSentError {
  return NOT_SENT.some((kind) => error instanceof kind);
}

/** Makes attempts: sends claimed deliveries and returns the results. */
export class Sender {
  readonly #poster: Poster;
  readonly #log: Log;

  constructor(options: PosterOptions & { log: Log }) {
    this.#poster = new Poster(options);
    this.#log = options.log;
  }

  /**
   * Sends one claimed delivery once, in a span of its job's trace; `claimedAt` is on
   * performance.now's clock. Throws a NotSentError, and sends nothing, where it cannot be signed,
   * linked or read here, or its address has been sent enough. Every other failure is a result.
   */
  attempt(delivery: ClaimedDelivery, claimedAt: number): Promise<AttemptResult> {
    return inSpan('attempt', spanOptions(delivery), async (span) => {
      const result = await this.#attempt(delivery, claimedAt, traceparentOf(span));
      if (result.status_code !== null) span.setAttribute('http.response.status_code', result.status_code);
      if (result.error !== null) {
        span.setAttribute('error.type', result.error);
        markFailed(span);
      }
      return result;
    });
  }

  async #attempt(
    delivery: ClaimedDelivery,
    claimedAt: number,
    traceparent: string | null,
  ): Promise<AttemptResult> {
    const start = performance.now();
    const facts: BodyFacts = { body_bytes: null, body_sha256: null };
    let outcome: ReturnType<typeof answered>;
    try {
      const answer = await this.#poster.post(delivery, traceparent, facts);
      crashPoint('delivery.sent');
      outcome = answered(answer);
    } catch (error) {
      if (isNotSent(error)) throw error;
      outcome = unanswered(error);
      this.#logFailure(delivery, outcome.error, error);
    }
    return { ...facts, ...outcome, waited_ms: start - claimedAt, duration_ms: performance.now() - start };
  }

  #logFailure(
    { request_id, id: delivery_id }: ClaimedDelivery,
    error: AttemptError | null,
    err: unknown,
  ): void {
    const level = error === 'internal_error' || error === 'body_changed' ? 'error' : 'debug';
    this.#log[level]({ request_id, delivery_id, err }, 'delivery attempt failed without an answer');
  }
}

function spanOptions({ id, job_id, event, attempts, endpoint, traceparent }: ClaimedDelivery): SpanOptions {
  const attributes = {
    'ollagraph.delivery_id': id,
    'ollagraph.event': event,
    'ollagraph.attempt': attempts,
    'server.address': endpoint,
    'http.request.method': 'POST',
    ...(job_id === null ? {} : { 'ollagraph.job_id': job_id }),
  };
  return { parent: traceparent, kind: SpanKind.CLIENT, attributes };
}

const MAX_LOCATION_LENGTH = 2048;

type Outcome = Omit<AttemptResult, keyof BodyFacts | 'waited_ms' | 'duration_ms'>;

function answered(answer: PostResult): Outcome {
  return {
    status_code: answer.status,
    error: statusError(answer.status),
    error_detail: statusError(answer.status) === 'redirect' ? locationOf(answer) : null,
    dns_ms: answer.timings.dnsMs,
    connect_ms: answer.timings.connectMs,
    tls_ms: answer.timings.tlsMs,
    first_byte_ms: answer.timings.firstByteMs,
    bytes_sent: answer.bytesSent,
    response_body: answer.excerpt,
    remote_address: answer.remoteAddress,
    retry_after: parseRetryAfter(answer.retryAfter),
  };
}

function unanswered(cause: unknown): Outcome {
  const failed = cause instanceof EgressError ? cause : null;
  return {
    status_code: null,
    error: errorClass(cause),
    error_detail: failed?.detail ?? null,
    dns_ms: failed?.timings?.dnsMs ?? null,
    connect_ms: failed?.timings?.connectMs ?? null,
    tls_ms: failed?.timings?.tlsMs ?? null,
    first_byte_ms: failed?.timings?.firstByteMs ?? null,
    bytes_sent: failed?.bytesSent ?? 0,
    response_body: null,
    remote_address: failed?.remoteAddress ?? null,
    retry_after: null,
  };
}

/** Where a redirect leads, as sent, within bounds. */
function locationOf({ location }: PostResult): string | null {
  return location?.slice(0, MAX_LOCATION_LENGTH).replaceAll('\0', '') ?? null;
}

function statusError(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'redirect' : 'http_error';
}

function errorClass(cause: unknown): AttemptError {
  if (cause instanceof BodyChangedError) return 'body_changed';
  if (!(cause instanceof EgressError)) return 'internal_error';
  const { code } = cause;
  return code in ATTEMPT_ERRORS ? (code as AttemptError) : 'internal_error';
}
