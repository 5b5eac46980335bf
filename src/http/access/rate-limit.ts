import type { RequestHandler, Response } from 'express';
import { ServiceError } from '../../service-error.ts';
import { callerOf } from '../locals.ts';

/** Whether a request is allowed, and what is left of its account's quota. */
export interface Verdict {
  allowed: boolean;
  /** Requests left, as far as this process knows. */
  remaining: number;
  /** Seconds until the whole quota is available again. */
  resetSeconds: number;
  /** Seconds until the next request is allowed; 0 when this one is. */
  retryAfterSeconds: number;
}

export interface Limiter {
  /** Requests in a window. */
  limit: number;
  windowSeconds: number;
  take(accountId: string): Promise<Verdict>;
}

/**
 * Counts every request of an account and answers 429 when the account has used up its quota. The
 * headers are those of the IETF draft "RateLimit header fields for HTTP", version 8. `accountOf`
 * names the account of a request.
 */
export function limitRate(
  limiter: Limiter,
  accountOf: (res: Response) => string = (res) => callerOf(res).id,
): RequestHandler {
  const policy = `"account";q=${limiter.limit};w=${limiter.windowSeconds}`;
  return async (_req, res, next) => {
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = await limiter.take(accountOf(res));
    res.set('RateLimit-Policy', policy).set('RateLimit', `"account";r=${remaining};t=${resetSeconds}`);
    if (!allowed)
      throw new ServiceError('rate_limited', `This account may make ${limiter.limit} requests a minute.`, {
        retryAfterSeconds,
      });
    next();
  };
}
