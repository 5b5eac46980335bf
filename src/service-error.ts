/** Every code that an error of the service can carry, to callers and in the documents. */
export const ERROR_CODES = [
  'invalid_json',
  'bad_request',
  'unauthorized',
  'out_of_credits',
  'forbidden',
  'insufficient_scope',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'idempotency_busy',
  'already_finished',
  'already_running',
  'too_many_schedules',
  'not_finished',
  'too_many_secrets',
  'gone',
  'precondition_failed',
  'body_too_large',
  'unsupported_encoding',
  'range_not_satisfiable',
  'validation_failed',
  'idempotency_mismatch',
  'rate_limited',
  'headers_too_large',
  'internal_error',
  'unavailable',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface FieldError {
  /** The field, like `urls[3]`. */
  path: string;
  message: string;
}

interface Details {
  /** The fields that were refused. */
  errors?: FieldError[];
  /** When the caller may try again. */
  retryAfterSeconds?: number;
  /** The length of what a range was asked of. */
  completeBytes?: number;
  /** What the caller's key lacks. */
  scope?: string;
  cause?: unknown;
}

/**
 * An error that the caller may read: the message says what was wrong, the code says it to programs.
 */
export class ServiceError extends Error {
  override name = 'ServiceError';
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly completeBytes: number | undefined;
  readonly scope: string | undefined;
  constructor(
    code: ErrorCode,
    message: string,
    { errors, retryAfterSeconds, completeBytes, scope, cause }: Details = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.completeBytes = completeBytes;
    this.scope = scope;
  }
}

/** The error for one refused field. */
export function invalidField(path: string, message: string): ServiceError {
  return new ServiceError('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] });
}

/** The error for something that does not exist, or belongs to another account. */
export function notFound(what: string): ServiceError {
  return new ServiceError('not_found', `There is no such ${what}.`);
}

/** The error for a key that may not do this. */
export function insufficientScope(scope: string): ServiceError {
  return new ServiceError('insufficient_scope', `This key lacks the scope ${scope}.`, { scope });
}
