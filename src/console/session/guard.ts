import type { Request, RequestHandler, Response } from 'express';
import type { Context } from '../../context.ts';
import { sessionOf, setBrowserSession, type BrowserSession } from './browser-session.ts';
import { readCookie } from './cookies.ts';
import { checkForm } from './forgery.ts';
import { findSession, isOperatorSession } from './sessions.ts';
import type { SignIn } from './sign-in.ts';
import type { UploadReader } from './upload.ts';

/**
 * Lets through who has an account's session, and sends others to sign in. A form must carry the
 * session's token; one with files is read only here.
 */
export function requireAccount({ db }: Context, signIn: SignIn, readUpload: UploadReader): RequestHandler {
  return guard(
    signIn,
    async (cookie) => {
      const session = await findSession(db, cookie);
      return session && { kind: 'account', cookie, session };
    },
    async (req, res) => await readUpload(req, res, sessionOf(res).account_id),
  );
}

/** The same for operators. */
export function requireOperator({ db }: Context, signIn: SignIn, adminToken: string): RequestHandler {
  return guard(signIn, async (cookie) =>
    (await isOperatorSession(db, cookie, adminToken)) ? { kind: 'operator', cookie } : null,
  );
}

type Identify = (cookie: string) => Promise<BrowserSession | null>;
type ReadForm = (req: Request, res: Response) => Promise<void>;

function guard(signIn: SignIn, identify: Identify, readForm?: ReadForm): RequestHandler {
  return async (req, res, next) => {
    const cookie = readCookie(req, signIn.cookie);
    const browser = cookie === null ? null : await identify(cookie);
    if (browser === null) {
      res.redirect(303, `${signIn.path}/sign-in`);
      return;
    }
    setBrowserSession(res, browser);
    if (req.method === 'POST') {
      await readForm?.(req, res);
      checkForm(req, browser.cookie);
    } else if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.sendStatus(405);
      return;
    }
    next();
  };
}
