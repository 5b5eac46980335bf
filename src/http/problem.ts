import type { ErrorRequestHandler, Response } from 'express';
import { OutOfCredits } from '../accounts/credits.ts';
import { isDatabaseTrouble } from '../database/trouble.ts';
import { IdempotencyBusy, IdempotencyMismatch } from '../jobs/idempotency.ts';
import type { Log } from '../log.ts';

/** Every `code` that a problem document can carry, with its status and title. */
export const PROBLEMS = {
  invalid_json: [400, 'The body is not valid JSON'],
  bad_request: [400, 'The request is malformed'],
  unauthorized: [401, 'A valid API key is needed'],
  out_of_credits: [402, 'Not enough credits'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'This method is not allowed here'],
  idempotency_busy: [409, 'The first request with this Idempotency-Key is still running'],
  already_finished: [409, 'The job has already ended'],
  body_too_large: [413, 'The body is too large'],
  unsupported_encoding: [415, 'The encoding of the body is not supported'],
  validation_failed: [422, 'The request has invalid fields'],
  idempotency_mismatch: [422, 'This Idempotency-Key was used with another request'],
  rate_limited: [429, 'Too many requests'],
  internal_error: [500, 'Something failed on our side'],
  unavailable: [503, 'The service cannot answer right now'],
} as const satisfies Record<string, readonly [number, string]>;
export type ProblemCode = keyof typeof PROBLEMS;

export interface FieldError {
  /** The field, like `urls[3]`. */
  path: string;
  message: string;
}

/** An answer in the form of RFC 9457, thrown by any handler. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;
  constructor(
    code: ProblemCode,
    detail: string,
    more: { errors?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.detail = detail;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

/** A 422 for one field. */
export function invalidField(path: string, message: string): Problem {
  return new Problem('validation_failed', `${path}: ${message}`, { errors: [{ path, message }] });
}

export function notFound(what: string): Problem {
  return new Problem('not_found', `There is no such ${what}.`);
}

function send(res: Response, problem: Problem): void {
  const [status, title] = PROBLEMS[problem.code];
  const { code, detail, errors, headers } = problem;
  res.status(status).set(headers).type('application/problem+json');
  res.send(
    JSON.stringify({
      type: `/docs/errors/${code}`,
      title,
      status,
      detail,
      code,
      request_id: res.locals.request_id,
      errors,
    }),
  );
}

/** Answers every error as a problem document. What is not the caller's fault is logged, and said to the caller only as such. */
export function problemHandler(log: Log): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) {
      log.warn({ request_id: res.locals.request_id, err: error }, 'an answer broke off');
      next(error);
      return;
    }
    const problem = toProblem(error);
    if (PROBLEMS[problem.code][0] >= 500)
      log.error({ request_id: res.locals.request_id, err: error }, 'a request failed');
    send(res, problem);
  };
}

/** What a caller is told of an error: of one that is not the caller's fault, no more than that. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof OutOfCredits)
    return new Problem(
      'out_of_credits',
      `This job may use ${error.needed} credits, and the account has fewer.`,
    );
  if (error instanceof IdempotencyMismatch)
    return new Problem(
      'idempotency_mismatch',
      'Send a new key with a new request, or repeat the first request exactly.',
    );
  if (error instanceof IdempotencyBusy)
    return new Problem('idempotency_busy', 'Try again in a moment.', { headers: { 'Retry-After': '1' } });
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.too.large')
    return new Problem('body_too_large', 'The body is larger than this route takes.');
  if (type === 'encoding.unsupported')
    return new Problem('unsupported_encoding', 'Send the body as it is, or with gzip, deflate or br.');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new Problem('bad_request', 'The request could not be read.');
  if (isDatabaseTrouble(error))
    return new Problem('unavailable', 'The database cannot be reached. Try again shortly.', {
      headers: { 'Retry-After': '5' },
    });
  return new Problem('internal_error', 'The error has been logged under this request_id.');
}
