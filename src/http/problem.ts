import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { isDatabaseTrouble } from '../database/connect/trouble.ts';
import type { Log } from '../log.ts';
import { ERROR_CODES, ServiceError, type ErrorCode } from '../service-error.ts';
import { requestIdOf } from './locals.ts';
import { named } from './schemas.ts';

/** The HTTP status and the title of every error code. */
export const PROBLEMS = {
  invalid_json: [400, 'The body is not valid JSON'],
  bad_request: [400, 'The request is malformed'],
  unauthorized: [401, 'A valid API key is needed'],
  out_of_credits: [402, 'Not enough credits'],
  forbidden: [403, 'Not allowed'],
  insufficient_scope: [403, 'This key may not do that'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'This method is not allowed here'],
  request_timeout: [408, 'The request did not arrive in time'],
  idempotency_busy: [409, 'The first request with this Idempotency-Key is still running'],
  already_finished: [409, 'The job has already ended'],
  already_running: [409, 'A run of the schedule has not ended yet'],
  too_many_schedules: [409, 'The account has as many schedules as it may have'],
  not_finished: [409, 'The job has not ended yet'],
  too_many_secrets: [409, 'Too many secrets overlap'],
  gone: [410, 'No longer kept'],
  precondition_failed: [412, 'Not the version that If-Match names'],
  body_too_large: [413, 'The body is too large'],
  unsupported_encoding: [415, 'The encoding of the body is not supported'],
  range_not_satisfiable: [416, 'The range is not there'],
  validation_failed: [422, 'The request has invalid fields'],
  idempotency_mismatch: [422, 'This Idempotency-Key was used with another request'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The head of the request is too large'],
  internal_error: [500, 'Something failed on our side'],
  unavailable: [503, 'The service cannot answer right now'],
} as const satisfies Record<ErrorCode, readonly [number, string]>;

/** The body of every problem document (RFC 9457). */
export const problemSchema = named(
  'Problem',
  z.strictObject({
    type: z.string().describe('A page that explains the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was wrong with this request.'),
    code: z.enum(ERROR_CODES).describe('For programs: a code keeps its meaning.'),
    request_id: z.string(),
    scope: z.string().optional().describe('The scope that the key lacks.'),
    errors: z
      .array(z.strictObject({ path: z.string().describe('The field, like `urls[3]`.'), message: z.string() }))
      .optional()
      .describe('The fields that were refused.'),
  }),
);
export type ProblemDocument = z.infer<typeof problemSchema>;

/** An error as a problem document. */
export function problemDocument(
  { code, message, scope, errors }: ServiceError,
  requestId: string,
): ProblemDocument {
  const [status, title] = PROBLEMS[code];
  return {
    type: `/docs/errors/${code}`,
    title,
    status,
    detail: message,
    code,
    request_id: requestId,
    scope,
    errors,
  };
}

/** The headers that go with an error. */
export function problemHeaders({
  code,
  retryAfterSeconds,
  completeBytes,
  scope,
}: ServiceError): Record<string, string> {
  return {
    ...(completeBytes === undefined ? {} : { 'Content-Range': `bytes */${completeBytes}` }),
    ...(code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer realm="ollagraph"' } : {}),
    // RFC 6750, 3.1
    ...(scope === undefined
      ? {}
      : { 'WWW-Authenticate': `Bearer realm="ollagraph", error="insufficient_scope", scope="${scope}"` }),
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
  };
}

/** Answers every error as a problem document. */
export const problemHandler = (log: Log): ErrorRequestHandler => answerErrors(log, sendProblem);

/**
 * Answers every error with `send`, which also gets what was thrown. Errors that are not the
 * caller's fault are logged.
 */
export function answerErrors(
  log: Log,
  send: (res: Response, error: ServiceError, thrown: unknown) => void,
): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const request_id = requestIdOf(res);
    // The server has refused the rest of the request, and said so.
    if (res.writableEnded && !req.complete) return;
    if (res.headersSent) {
      log.warn({ request_id, err: error }, 'response aborted');
      next(error);
      return;
    }
    const known = toServiceError(error);
    if (PROBLEMS[known.code][0] >= 500)
      log[error instanceof ServiceError ? 'warn' : 'error']({ request_id, err: error }, 'request failed');
    send(res, known, error);
  };
}

function sendProblem(res: Response, error: ServiceError): void {
  res.status(PROBLEMS[error.code][0]).set(problemHeaders(error)).type('application/problem+json');
  res.send(`${JSON.stringify(problemDocument(error, requestIdOf(res)))}\n`);
}

/**
 * The error that the caller gets, which reveals nothing of errors that are not the caller's fault.
 */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { type, status, limit } = error as { type?: string; status?: number; limit?: number };
  if (type === 'entity.too.large')
    return new ServiceError('body_too_large', `The body may have at most ${limit} bytes, decompressed.`);
  if (type === 'encoding.unsupported')
    return new ServiceError('unsupported_encoding', 'Send the body as it is, or with gzip, deflate or br.');
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new ServiceError('bad_request', 'The request could not be read.');
  if (isDatabaseTrouble(error))
    return new ServiceError('unavailable', 'The database cannot be reached. Try again shortly.', {
      retryAfterSeconds: 5,
    });
  return new ServiceError('internal_error', 'The error has been logged under this request_id.');
}
