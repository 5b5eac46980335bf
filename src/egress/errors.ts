import { errors } from 'undici';

/** Every way in which an outgoing request can fail, each with the sentence that is its message. */
const MESSAGES = {
  blocked_target: 'The address is not one that may be connected to.',
  dns_failed: 'The host name could not be resolved.',
  connection_failed: 'The connection was refused, reset or closed before the answer was complete.',
  tls_failed: 'The TLS handshake failed.',
  timeout: 'The deadline passed.',
  too_many_redirects: 'More than 10 redirects, or a redirect loop.',
  invalid_response: 'The answer was not valid HTTP, or its body could not be decompressed.',
  too_large: 'The answer is larger than the limit.',
  unsupported_content_type: 'The content type was not accepted.',
  body_failed: 'What was to be sent could not be produced.',
  cancelled: 'The request was cancelled.',
  internal_error: 'The request could not be formed.',
} as const;

export type EgressErrorCode = keyof typeof MESSAGES;
/** The codes with which a page fetch fails: all of them are codes of a page block too. */
export type PageFetchErrorCode = Exclude<EgressErrorCode, 'body_failed'>;

/** The codes with which a post fails. */
export type WebhookErrorCode =
  | 'blocked_target'
  | 'dns_failed'
  | 'connection_failed'
  | 'tls_failed'
  | 'timeout'
  | 'invalid_response'
  | 'body_failed';

/** Milliseconds of one exchange; a phase that did not happen (a reused connection, an early failure) is null. */
export interface Timings {
  /** How long each phase of opening the connection took. */
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  /** From the start of the request to the first byte of the answer. */
  firstByteMs: number | null;
  /** From the start of the request to its outcome. */
  totalMs: number | null;
}

/**
 * The only error that egress throws by itself. The message is a constant; what was resolved, and what the other side
 * said, is in `cause` and goes to the log only.
 */
export class EgressError extends Error {
  readonly code: EgressErrorCode;
  /** Whether the same request may well succeed later. */
  readonly retryable: boolean;
  timings: Timings | null = null;
  remoteAddress: string | null = null;
  /** Bytes of the request's body that were handed to the socket. */
  bytesSent = 0;

  constructor(code: EgressErrorCode, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(MESSAGES[code], 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'EgressError';
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
  }
}

const RETRYABLE: ReadonlySet<EgressErrorCode> = new Set(['connection_failed', 'timeout', 'body_failed']);

/** True for resets, refusals, timeouts and temporary DNS failures; false for what would fail the same way again. */
export function isRetryable(error: unknown): boolean {
  return error instanceof EgressError && error.retryable;
}

/** The connection delivered more bytes than the exchange may take. */
export class ReadLimitExceeded extends Error {}

const SYSTEM_ERRORS = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/** The `code` of a system, TLS, DNS, zlib or undici error; empty where there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The error for what went wrong between the TCP connection and the end of the TLS handshake. */
export function handshakeError(cause: Error): EgressError {
  return new EgressError(SYSTEM_ERRORS.has(errorCode(cause)) ? 'connection_failed' : 'tls_failed', { cause });
}

/** The error for what undici or the socket reported while a request was on its way. `answered`: its head had arrived. */
export function transportError(cause: Error, answered: boolean): EgressError {
  if (cause instanceof EgressError) return cause;
  return new EgressError(transportCode(cause, answered), { cause });
}

function transportCode(cause: Error, answered: boolean): EgressErrorCode {
  const code = errorCode(cause);
  if (cause instanceof ReadLimitExceeded) return answered ? 'too_large' : 'invalid_response';
  if (cause instanceof errors.HTTPParserError)
    return isCutShort(cause) ? 'connection_failed' : 'invalid_response';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'invalid_response';
  // undici's word for any fault once a Content-Length was read: in a head, the head itself is at fault.
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return answered ? 'connection_failed' : 'invalid_response';
  if (code === 'UND_ERR_SOCKET' && /^bad (response|upgrade)$/.test(cause.message)) return 'invalid_response';
  if (code.startsWith('ERR_SSL_')) return 'tls_failed';
  if (code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return 'body_failed';
  if (code === 'UND_ERR_INVALID_ARG') return 'internal_error';
  return 'connection_failed';
}

// The parser's error carries no code of its own.
function isCutShort(cause: Error): boolean {
  return cause.message.includes('Invalid EOF state');
}
