import type { RequestHandler, Response } from 'express';
import { RateLimiter, WINDOW_SECONDS } from '../accounts/rate-limit.ts';
import type { Context } from '../context.ts';
import { accountOf } from './auth.ts';
import { Problem } from './problem.ts';

/**
 * Counts every request of an account and answers 429 once its minute is used up. The headers are those of the IETF's "RateLimit header
 * fields for HTTP", draft 8. With a limit of 0 nothing is counted and no header sent. `whose` names the account of a request.
 */
export function limitRate(
  { config, db }: Pick<Context, 'config' | 'db'>,
  whose: (res: Response) => string = accountOf,
): RequestHandler {
  if (config.rateLimitPerMinute === 0) return (_req, _res, next) => next();
  const limiter = new RateLimiter(db, config.rateLimitPerMinute);
  const policy = `"account";q=${limiter.limit};w=${WINDOW_SECONDS}`;
  return async (_req, res, next) => {
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = await limiter.take(whose(res));
    res.set('RateLimit-Policy', policy).set('RateLimit', `"account";r=${remaining};t=${resetSeconds}`);
    if (!allowed) {
      throw new Problem('rate_limited', `This account may make ${limiter.limit} requests a minute.`, {
        headers: { 'Retry-After': String(retryAfterSeconds) },
      });
    }
    next();
  };
}
