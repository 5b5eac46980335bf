import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ServiceError } from '../../service-error.ts';
import type { AttemptLimit } from './attempt-limit.ts';
import { setCaller, type Caller } from '../locals.ts';

/**
 * Accepts requests whose bearer key `authenticate` knows, and notes the account. All others get the
 * same 401, and after too many attempts a 429.
 */
export function requireKey(
  authenticate: (key: string) => Promise<Caller | null>,
  attempts: AttemptLimit,
): RequestHandler {
  return async (req, res, next) => {
    const key = allowedBearer(req, attempts);
    const caller = key === undefined ? null : await authenticate(key);
    noteAttempt(req, attempts, key, caller !== null);
    if (!caller)
      throw new ServiceError('unauthorized', 'Send your key in the header "Authorization: Bearer ok_…".');
    setCaller(res, caller);
    next();
  };
}

/**
 * Accepts requests whose bearer is the token, compared in constant time. Without a token there is
 * no such route.
 */
export function requireToken(token: string | undefined, attempts: AttemptLimit): RequestHandler {
  if (token === undefined) {
    return () => {
      throw new ServiceError('not_found', 'This route is off: the service has no ADMIN_TOKEN.');
    };
  }
  const expected = digest(token);
  return (req, _res, next) => {
    const given = allowedBearer(req, attempts);
    const right = timingSafeEqual(digest(given ?? ''), expected);
    noteAttempt(req, attempts, given, right);
    if (!right)
      throw new ServiceError('unauthorized', 'Send ADMIN_TOKEN in the header "Authorization: Bearer …".');
    next();
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/**
 * The secret of a request. Throws ServiceError `rate_limited` where its address has guessed too
 * often.
 */
function allowedBearer(req: Request, attempts: AttemptLimit): string | undefined {
  const secret = bearerOf(req);
  const wait = secret === undefined ? 0 : attempts.waitSeconds(req.ip ?? '', secret);
  if (wait > 0)
    throw new ServiceError('rate_limited', 'Too many requests of this address had a wrong key.', {
      retryAfterSeconds: wait,
    });
  return secret;
}

/** A request without a secret guesses nothing. */
function noteAttempt(req: Request, attempts: AttemptLimit, secret: string | undefined, right: boolean): void {
  if (secret === undefined) return;
  if (right) attempts.succeed(req.ip ?? '', secret);
  else attempts.fail(req.ip ?? '');
}

function bearerOf(req: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,300})$/i.exec(req.headers.authorization ?? '')?.[1];
}
