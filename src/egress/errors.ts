import { TARGET_RULES, type TargetRule } from './connect/target-rules.ts';
import { tlsFault, TLS_FAULTS, type TlsFault } from './connect/tls/faults.ts';

/** Every way in which an outgoing request can fail, each with the sentence that is its message. */
const MESSAGES = {
  blocked_target: 'The address is not one that may be connected to.',
  dns_failed: 'The host name could not be resolved.',
  connection_failed: 'The connection was refused, reset or closed before the answer was complete.',
  proxy_failed: 'The proxy did not make the connection.',
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
  | 'proxy_failed'
  | 'tls_failed'
  | 'timeout'
  | 'invalid_response'
  | 'body_failed';

/**
 * Milliseconds of one exchange; a phase that did not happen (a reused connection, an early failure)
 * is null.
 */
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

/** What is known of a failure beyond its code. */
export type EgressDetail = TlsFault | TargetRule;

const DETAILS: Record<EgressDetail, string> = { ...TLS_FAULTS, ...TARGET_RULES };

interface EgressErrorOptions {
  cause?: unknown;
  retryable?: boolean;
  detail?: EgressDetail | null;
}

/**
 * The only error that egress throws by itself. The message is a constant; what was resolved, and
 * what the other side said, is in `cause` and goes to the log only.
 */
export class EgressError extends Error {
  readonly code: EgressErrorCode;
  /** Whether the same request may well succeed later. */
  readonly retryable: boolean;
  /**
   * Which fault made a TLS handshake fail, or which rule forbids a target; null for other codes.
   */
  readonly detail: EgressDetail | null;
  timings: Timings | null = null;
  remoteAddress: string | null = null;
  /** Bytes of the request's body that were handed to the socket. */
  bytesSent = 0;

  constructor(code: EgressErrorCode, options: EgressErrorOptions = {}) {
    const { detail = null } = options;
    const message = detail === null ? MESSAGES[code] : DETAILS[detail];
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.detail = detail;
    this.name = 'EgressError';
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
  }
}

const RETRYABLE: ReadonlySet<EgressErrorCode> = new Set([
  'connection_failed',
  'proxy_failed',
  'timeout',
  'body_failed',
]);

/**
 * True for resets, refusals, timeouts and temporary DNS failures; false for errors that would
 * recur.
 */
export function isRetryable(error: unknown): boolean {
  return error instanceof EgressError && error.retryable;
}

/** The address has had enough connections or requests lately. Nothing was sent. */
export class AddressBusyError extends Error {
  override name = 'AddressBusyError';
  /** How soon to try again. */
  readonly seconds: number;

  constructor(seconds: number) {
    super(`the address is to be asked in ${seconds.toFixed(1)} s`);
    this.seconds = seconds;
  }
}

/** The answer is not HTTP, or contradicts itself. */
export class InvalidAnswerError extends Error {}

/** The connection delivered more bytes than the exchange may take. */
export class ReadLimitError extends Error {}

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

/** The `code` of a system, TLS, DNS or zlib error; empty where there is none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The error for what went wrong between the TCP connection and the end of the TLS handshake. */
export function handshakeError(cause: Error, afterCertificate: boolean): EgressError {
  if (cause instanceof EgressError) return cause;
  if (SYSTEM_ERRORS.has(errorCode(cause))) return new EgressError('connection_failed', { cause });
  return new EgressError('tls_failed', { cause, detail: tlsFault(errorCode(cause), afterCertificate) });
}

/** The error for a certificate that was refused, by OpenSSL's or Node's name of the fault. */
export function tlsError(fault: string): EgressError {
  return new EgressError('tls_failed', { cause: new Error(fault), detail: tlsFault(fault, true) });
}

/**
 * The error for what ended a connection while a request was on its way. `answered`: the answer's
 * head had arrived.
 */
export function transportError(cause: Error, answered: boolean): EgressError {
  if (cause instanceof EgressError) return cause;
  if (cause instanceof ReadLimitError)
    return new EgressError(answered ? 'too_large' : 'invalid_response', { cause });
  if (cause instanceof InvalidAnswerError) return new EgressError('invalid_response', { cause });
  // A server that speaks TLS 1.3 refuses a certificate, or its absence, after its own side of the
  // handshake.
  if (errorCode(cause).startsWith('ERR_SSL_')) return handshakeError(cause, true);
  return new EgressError('connection_failed', { cause });
}
