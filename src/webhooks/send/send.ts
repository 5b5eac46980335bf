import type { Config } from '../../config.ts';
import { crashPoint } from '../../crash-point.ts';
import type { SecretBox } from '../../accounts/secrets.ts';
import type { Db } from '../../database/tables.ts';
import { EgressError, type Egress, type EgressErrorCode, type PostResult } from '../../egress/index.ts';
import type { Log } from '../../log.ts';
import { parseRetryAfter } from '../../egress/retry-after.ts';
import { inSpan, markFailed, SpanKind, traceparentOf } from '../../tracing.ts';
import { bodyChunks, sha256, smallBody } from './body.ts';
import type { Claimed } from '../outbox/claim.ts';
import { digestLarge } from './large.ts';
import type { AttemptResult } from '../outbox/record.ts';
import { ATTEMPT_ERRORS, type AttemptError } from './retry.ts';
import { createSigner } from './sign.ts';
import type { Slots } from '../dispatch/slots.ts';

export const USER_AGENT = 'Ollagraph-Webhook/1.0';

export interface Sender {
  db: Db;
  egress: Egress;
  config: Config;
  box: SecretBox;
  log: Log;
  /** Large bodies take one of these places, so that they never crowd out small ones. */
  largeSlots: Slots;
}

/** What is known of the body once it has been put together. */
type Sent = Pick<AttemptResult, 'body_bytes' | 'body_sha256'>;

/** The stored fragments no longer make the bytes that were sent first. */
class BodyChanged extends Error {}

/**
 * Sends one claimed delivery once, in a span of its job's trace; `claimedAt` is on performance.now's clock. Never throws: every
 * way to fail is a result with its error class.
 */
export async function attempt(sender: Sender, claimed: Claimed, claimedAt: number): Promise<AttemptResult> {
  const attributes = {
    'ollagraph.delivery_id': claimed.id,
    'ollagraph.event': claimed.event,
    'ollagraph.attempt': claimed.attempts,
    'server.address': claimed.endpoint,
    'http.request.method': 'POST',
    ...(claimed.job_id === null ? {} : { 'ollagraph.job_id': claimed.job_id }),
  };
  const options = { parent: claimed.traceparent, kind: SpanKind.CLIENT, attributes };
  return await inSpan('attempt', options, async (span) => {
    const result = await sendOnce(sender, claimed, claimedAt, traceparentOf(span));
    if (result.status_code !== null) span.setAttribute('http.response.status_code', result.status_code);
    if (result.error !== null) {
      span.setAttribute('error.type', result.error);
      markFailed(span);
    }
    return result;
  });
}

async function sendOnce(
  sender: Sender,
  claimed: Claimed,
  claimedAt: number,
  traceparent: string | null,
): Promise<AttemptResult> {
  const start = performance.now();
  const waited_ms = start - claimedAt;
  const sent: Sent = { body_bytes: null, body_sha256: null };
  try {
    const answer = await post(sender, claimed, traceparent, sent);
    crashPoint('delivery.sent');
    const error =
      answer.status >= 200 && answer.status < 300
        ? null
        : answer.status >= 300 && answer.status < 400
          ? 'redirect'
          : 'http_error';
    return {
      ...sent,
      waited_ms,
      status_code: answer.status,
      error,
      dns_ms: answer.timings.dnsMs,
      connect_ms: answer.timings.connectMs,
      tls_ms: answer.timings.tlsMs,
      first_byte_ms: answer.timings.firstByteMs,
      duration_ms: performance.now() - start,
      bytes_sent: answer.bytesSent,
      response_body: answer.excerpt,
      remote_address: answer.remoteAddress,
      retry_after: parseRetryAfter(answer.retryAfter),
    };
  } catch (cause) {
    const failed = cause instanceof EgressError ? cause : null;
    const error = errorClass(cause);
    sender.log[error === 'internal_error' || error === 'body_changed' ? 'error' : 'debug'](
      { request_id: claimed.request_id, delivery_id: claimed.id, err: cause },
      'an attempt failed',
    );
    return {
      ...sent,
      waited_ms,
      status_code: null,
      error,
      dns_ms: failed?.timings?.dnsMs ?? null,
      connect_ms: failed?.timings?.connectMs ?? null,
      tls_ms: failed?.timings?.tlsMs ?? null,
      first_byte_ms: failed?.timings?.firstByteMs ?? null,
      duration_ms: performance.now() - start,
      bytes_sent: failed?.bytesSent ?? 0,
      response_body: null,
      remote_address: failed?.remoteAddress ?? null,
      retry_after: null,
    };
  }
}

function errorClass(cause: unknown): AttemptError {
  if (cause instanceof BodyChanged) return 'body_changed';
  if (!(cause instanceof EgressError)) return 'internal_error';
  const code: EgressErrorCode = cause.code;
  return code in ATTEMPT_ERRORS ? (code as AttemptError) : 'internal_error';
}

async function post(
  sender: Sender,
  claimed: Claimed,
  traceparent: string | null,
  sent: Sent,
): Promise<PostResult> {
  const body = await smallBody(sender.db, claimed);
  if (body === null)
    return await sender.largeSlots.run(`${claimed.account_id} ${claimed.endpoint}`, () =>
      postLarge(sender, claimed, traceparent, sent),
    );
  fix(claimed, sent, body.length, sha256(body));
  const signer = signerFor(sender, claimed);
  signer.update(body);
  crashPoint('delivery.send');
  return await sender.egress.post({
    url: claimed.webhook_url,
    headers: requestHeaders(claimed, signer.headers(), traceparent),
    body,
    timeoutMs: sender.config.webhookTimeoutMs,
  });
}

/** Two passes over the stored fragments in constant memory: one for length, digest and signature, one to send. */
async function postLarge(
  sender: Sender,
  claimed: Claimed,
  traceparent: string | null,
  sent: Sent,
): Promise<PostResult> {
  const signer = signerFor(sender, claimed);
  const { bytes, digest } = await digestLarge(bodyChunks(sender.db, claimed), signer);
  fix(claimed, sent, bytes, digest);
  crashPoint('delivery.send');
  return await sender.egress.post({
    url: claimed.webhook_url,
    headers: requestHeaders(claimed, signer.headers(), traceparent),
    body: { length: bytes, chunks: () => bodyChunks(sender.db, claimed) },
    timeoutMs: sender.config.webhookTimeoutMs,
    idleTimeoutMs: sender.config.webhookTimeoutMs,
  });
}

/** Notes the body's length and digest, and refuses to send what differs from the first attempt. */
function fix(claimed: Claimed, sent: Sent, bytes: number, digest: Buffer): void {
  if (claimed.body_sha256 !== null && (!claimed.body_sha256.equals(digest) || claimed.body_bytes !== bytes)) {
    throw new BodyChanged(`delivery ${claimed.id} was ${claimed.body_bytes} bytes and is ${bytes}`);
  }
  sent.body_bytes = bytes;
  sent.body_sha256 = digest;
}

function signerFor(sender: Sender, claimed: Claimed) {
  const stored =
    claimed.previous_secret === null
      ? [claimed.webhook_secret]
      : [claimed.webhook_secret, claimed.previous_secret];
  const secrets = stored.map((secret) => sender.box.open(secret, claimed.account_id));
  return createSigner(secrets, claimed.webhook_id, Math.floor(Date.now() / 1000));
}

/** The headers of one attempt: those that the caller asked for, and ours, the trace's among them where there is one. */
export function requestHeaders(
  delivery: Pick<Claimed, 'id' | 'headers' | 'attempts'>,
  signature: Record<string, string>,
  traceparent: string | null = null,
): Record<string, string> {
  return {
    ...delivery.headers,
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    ...signature,
    'x-ollagraph-delivery': delivery.id,
    'x-ollagraph-attempt': String(delivery.attempts),
    ...(traceparent === null ? null : { traceparent }),
  };
}
