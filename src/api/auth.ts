import type { RequestHandler, Response } from 'express';
import { authenticate } from '../accounts/keys.ts';
import type { Db } from '../database.ts';
import { Problem } from './problem.ts';

/** Lets a request through whose bearer key opens an account, and notes that account. Anything else is the same 401. */
export function requireKey(db: Db): RequestHandler {
  return async (req, res, next) => {
    const key = /^Bearer +([\x21-\x7e]{1,300})$/i.exec(req.headers.authorization ?? '')?.[1];
    const found = key === undefined ? null : await authenticate(db, key);
    if (!found) {
      throw new Problem('unauthorized', 'Send your key in the header "Authorization: Bearer ok_…".', {
        headers: { 'WWW-Authenticate': 'Bearer realm="ollagraph"' },
      });
    }
    res.locals.account_id = found.account_id;
    next();
  };
}

/** The account that `requireKey` found. */
export function accountOf(res: Response): string {
  return res.locals.account_id as string;
}

/** The id of the request that is being answered. */
export function requestIdOf(res: Response): string {
  return res.locals.request_id as string;
}
