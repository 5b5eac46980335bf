import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { authenticate } from '../accounts/keys.ts';
import type { Db } from '../database/tables.ts';
import { Problem } from './problem.ts';

/** Lets a request through whose bearer key opens an account, and notes that account. Anything else is the same 401. */
export function requireKey(db: Db): RequestHandler {
  return async (req, res, next) => {
    const key = bearerOf(req);
    const found = key === undefined ? null : await authenticate(db, key);
    if (!found) throw unauthorized('Send your key in the header "Authorization: Bearer ok_…".');
    res.locals.account_id = found.account_id;
    next();
  };
}

/** Lets a request through whose bearer is the token. Compared in constant time. */
export function requireToken(token: string): RequestHandler {
  const expected = digest(token);
  return (req, _res, next) => {
    if (!timingSafeEqual(digest(bearerOf(req) ?? ''), expected))
      throw unauthorized('Send ADMIN_TOKEN in the header "Authorization: Bearer …".');
    next();
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

function bearerOf(req: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,300})$/i.exec(req.headers.authorization ?? '')?.[1];
}

function unauthorized(detail: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="ollagraph"' } });
}

/** The account that `requireKey` found. */
export function accountOf(res: Response): string {
  return res.locals.account_id as string;
}

/** The id of the request that is being answered. */
export function requestIdOf(res: Response): string {
  return res.locals.request_id as string;
}
