import { decodeBeginning } from './body/decode.ts';
import { EgressError, type Timings } from './errors.ts';
import { exchange } from './exchange/exchange.ts';
import type { Answer } from './exchange/types.ts';
import { callerHeaders, credentialKey, type HeaderRecord } from './headers.ts';
import type { HeaderFields } from './http1/head.ts';
import { contentTypeOf, firstField, joinedField } from './http1/answer-fields.ts';
import type { Network } from './connect/network.ts';
import type { StreamedBody } from './body/streamed.ts';

export interface PostRequest {
  url: string;
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
 * at fault.
 */
export async function post(network: Network, request: PostRequest): Promise<PostResult> {
  const { target, path } = network.destination(request.url);
  const { body, timeoutMs, idleTimeoutMs } = request;
  const headers = callerHeaders(request.headers);
  const streamed = !Buffer.isBuffer(body);
  const answer = await exchange(network.pool, {
    target,
    path,
    method: 'POST',
    headers,
    credentialKey: credentialKey(headers),
    body,
    timeoutMs,
    idleTimeoutMs: streamed ? idleTimeoutMs : undefined,
    maxWireBytes: MAX_WIRE_BYTES,
    expect: () => EXCERPT,
  }).catch(rethrowAsOurs);
  return toResult(answer);
}

function rethrowAsOurs(error: unknown): never {
  const unformed = error instanceof EgressError && error.code === 'internal_error';
  throw unformed ? new EgressError('body_failed', { cause: error.cause, retryable: false }) : error;
}

const EXCERPT = { maxBytes: EXCERPT_BYTES, required: false };

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

function decoderOf(charset: string | undefined): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder(); // a label that means nothing
  }
}
