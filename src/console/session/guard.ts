import type { Request, RequestHandler } from 'express';
import type { Context } from '../../context.ts';
import { readCookie } from './cookies.ts';
import { checkForm } from './protection.ts';
import { findSession, isOperatorSession } from './sessions.ts';
import type { Door } from './sign-in.ts';
import { setVisitor, type Visitor } from './visitor.ts';

/** Lets in who has an account's session; others go to the door. A form has to carry the session's token. */
export function requireAccount({ db }: Context, door: Door): RequestHandler {
  return guard(door, async (cookie) => {
    const session = await findSession(db, cookie);
    return session && { kind: 'account', cookie, session };
  });
}

/** The same for operators. */
export function requireOperator({ db }: Context, door: Door, adminToken: string): RequestHandler {
  return guard(door, async (cookie) =>
    (await isOperatorSession(db, cookie, adminToken)) ? { kind: 'operator', cookie } : null,
  );
}

function guard(door: Door, identify: (cookie: string) => Promise<Visitor | null>): RequestHandler {
  return async (req: Request, res, next) => {
    const cookie = readCookie(req, door.cookie);
    const visitor = cookie === null ? null : await identify(cookie);
    if (visitor === null) {
      res.redirect(303, `${door.path}/sign-in`);
      return;
    }
    setVisitor(res, visitor);
    if (req.method === 'POST') checkForm(req, visitor.cookie);
    else if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.sendStatus(405);
      return;
    }
    next();
  };
}
