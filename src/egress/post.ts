import { decodeBeginning } from './body/decode.ts';
import { EgressError, type Timings } from './errors.ts';
import { exchange } from './exchange/exchange.ts';
import type { Answer } from './exchange/types.ts';
import { credentialKey, wireHeaders, type HeaderRecord } from './headers.ts';
import type { HeaderFields } from './http1/head.ts';
import { contentTypeOf, firstField, joinedField } from './http1/answer-fields.ts';
import type { Network } from './connect/network.ts';
import type { StreamedBody } from './body/streamed.ts';
import { UNLIMITED, type AddressTrial, type Recipient } from './budget/trial.ts';

export interface PostRequest {
  url: string;
  /** The account that it is sent for; without one no limit of addresses applies. */
  payer?: string;
  /**
   * Whether a person asked for it: no limit of addresses applies, and a 2xx still proves the
   * address.
   */
  urgent?: boolean;
  /** Those of the transport (`Host`, `Content-Length`, …) are ignored. */
  headers: HeaderRecord;
  body: Buffer | StreamedBody;
  /** One deadline over DNS, connect, TLS, sending and the answer. */
  timeoutMs: number;
  /**
   * For a streamed body: how long each chunk may take. `timeoutMs` then covers what comes before
   * the first chunk, and once more the answer after the last one.
   */
  idleTimeoutMs?: number;
}

export interface PostResult {
  status: number;
  /** The `Retry-After` header as sent. */
  retryAfter: string | null;
  /** The `Location` header as sent: a redirect is not followed. */
  location: string | null;
  /**
   * The beginning of the answer, at most 1 KiB, its content coding and charset undone. What cannot
   * be decoded becomes U+FFFD; NULs are left out.
   */
  excerpt: string;
  timings: Timings;
  remoteAddress: string | null;
  /** Bytes of the body that were sent. */
  bytesSent: number;
}

const EXCERPT_BYTES = 1024;
/** For the largest head, informational answers and the excerpt. */
const MAX_WIRE_BYTES = 384 * 1024;

/**
 * POSTs to an https URL and follows no redirect. The status decides: an answer whose body is long,
 * late or broken off is still an answer, and its connection is dropped. Rejects with an
 * EgressError: `blocked_target`, `dns_failed`, `connection_failed`, `tls_failed`, `timeout`,
 * `invalid_response`, or `body_failed` where the body's source, or a header that HTTP forbids, is
 * at fault. Rejects with an AddressBusyError where the trial does not admit it.
 */
export async function post(network: Network, trial: AddressTrial, request: PostRequest): Promise<PostResult> {
  const { target, path } = network.destination(request.url);
  const { body, payer = null, urgent = false, timeoutMs, idleTimeoutMs } = request;
  const limits = urgent ? UNLIMITED : trial;
  const recipient = (address: string | null): Recipient | null =>
    payer === null || address === null ? null : { account_id: payer, target, address };
  const admit = (address: string) => {
    const admitted = recipient(address);
    if (admitted) limits.admit(admitted);
  };
  const headers = wireHeaders(request.headers);
  const streamed = !Buffer.isBuffer(body);
  const answer = await exchange(network.pool, {
    target,
    path,
    method: 'POST',
    headers,
    credentialKey: credentialKey(headers),
    body,
    payer: payer === null ? null : limits.payerOf(payer, target),
    admit,
    timeoutMs,
    idleTimeoutMs: streamed ? idleTimeoutMs : undefined,
    maxWireBytes: MAX_WIRE_BYTES,
    expect: () => EXCERPT,
  }).catch((error: unknown) => {
    if (error instanceof EgressError) count(recipient(error.remoteAddress), error.bytesSent);
    throw asOurs(error);
  });
  count(recipient(answer.remoteAddress), answer.bytesSent, answer.status);
  return toResult(answer);

  function count(sentTo: Recipient | null, bytes: number, status = 0): void {
    if (!sentTo) return;
    if (status >= 200 && status < 300) trial.pass(sentTo);
    else limits.sent(sentTo, bytes);
  }
}

function asOurs(error: unknown): unknown {
  const unformed = error instanceof EgressError && error.code === 'internal_error';
  return unformed ? new EgressError('body_failed', { cause: error.cause, retryable: false }) : error;
}

const EXCERPT = { maxBytes: EXCERPT_BYTES, required: false };
/** Most answers name UTF-8 or no charset. Making a decoder for each took 3 % of a drain's time. */
const UTF_8 = new TextDecoder();

function toResult({ status, fields, body, timings, remoteAddress, bytesSent }: Answer): PostResult {
  return {
    status,
    retryAfter: firstField(fields, 'retry-after') ?? null,
    location: firstField(fields, 'location') ?? null,
    excerpt: body.length === 0 ? '' : excerptOf(body, fields),
    timings,
    remoteAddress,
    bytesSent,
  };
}

function excerptOf(body: Buffer, fields: HeaderFields): string {
  const decoded = decodeBeginning(body, joinedField(fields, 'content-encoding')).subarray(0, EXCERPT_BYTES);
  const charset = /;\s*charset\s*=\s*["']?([^\s"';,]{1,40})/i.exec(contentTypeOf(fields) ?? '')?.[1];
  return decoderOf(charset).decode(decoded).replaceAll('\0', '');
}

function decoderOf(charset = 'utf-8'): InstanceType<typeof TextDecoder> {
  if (charset.toLowerCase() === 'utf-8') return UTF_8;
  try {
    return new TextDecoder(charset);
  } catch {
    return UTF_8; // a label that means nothing
  }
}
