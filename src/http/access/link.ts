import type { Request, RequestHandler } from 'express';
import { notFound, ServiceError } from '../../service-error.ts';
import { setAccount } from '../locals.ts';
import type { AttemptLimit } from './attempt-limit.ts';

/** A signature, and the account that is to have made it. */
export interface Signature {
  account_id: string;
  signature: string;
}

export interface LinkCheck<Link extends Signature> {
  /** What a request names; null where it is no link. */
  parse: (req: Request) => Link | null;
  isSigned: (link: Link) => Promise<boolean>;
}

/**
 * Accepts requests whose URL an account has signed, and notes the account. A URL that is no link is
 * not found; one with another signature is a 403, and after too many of these a 429.
 */
export function requireLink<Link extends Signature>(
  { parse, isSigned }: LinkCheck<Link>,
  attempts: AttemptLimit,
): RequestHandler {
  return async (req, res, next) => {
    const link = parse(req);
    if (link === null) throw notFound('result');
    const address = req.ip ?? '';
    const wait = attempts.waitSeconds(address, link.signature);
    if (wait > 0)
      throw new ServiceError('rate_limited', 'Too many requests of this address had a wrong signature.', {
        retryAfterSeconds: wait,
      });
    if (!(await isSigned(link))) {
      attempts.fail(address);
      throw new ServiceError('forbidden', 'This link is not as it was signed.');
    }
    attempts.succeed(address, link.signature);
    setAccount(res, link.account_id);
    next();
  };
}
