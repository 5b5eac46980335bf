import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { ServiceError } from '../service-error.ts';
import { setCaller, type Caller } from './locals.ts';

/** Accepts requests whose bearer key `authenticate` knows, and notes the account. All others get the same 401. */
export function requireKey(authenticate: (key: string) => Promise<Caller | null>): RequestHandler {
  return async (req, res, next) => {
    const key = bearerOf(req);
    const caller = key === undefined ? null : await authenticate(key);
    if (!caller)
      throw new ServiceError('unauthorized', 'Send your key in the header "Authorization: Bearer ok_…".');
    setCaller(res, caller);
    next();
  };
}

/** Accepts requests whose bearer is the token, compared in constant time. Without a token there is no such route. */
export function requireToken(token: string | undefined): RequestHandler {
  if (token === undefined) {
    return () => {
      throw new ServiceError('not_found', 'This route is off: the service has no ADMIN_TOKEN.');
    };
  }
  const expected = digest(token);
  return (req, _res, next) => {
    if (!timingSafeEqual(digest(bearerOf(req) ?? ''), expected))
      throw new ServiceError('unauthorized', 'Send ADMIN_TOKEN in the header "Authorization: Bearer …".');
    next();
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

function bearerOf(req: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,300})$/i.exec(req.headers.authorization ?? '')?.[1];
}
