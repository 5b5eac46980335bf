import { createHash, timingSafeEqual } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import { authenticate } from '../../accounts/keys/keys.ts';
import { KEY_SCOPES } from '../../database/enumerations.ts';
import type { Context } from '../../context.ts';
import { AttemptLimit } from '../../http/access/attempt-limit.ts';
import { insufficientScope } from '../../service-error.ts';
import { readCookie, writeCookie } from './cookies.ts';
import { field, postForm } from '../view/forms.ts';
import { html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { checkForm } from './forgery.ts';
import { closeSession, newToken, openOperatorSession, openSession, SESSION_SECONDS } from './sessions.ts';
import { setBrowserSession } from './browser-session.ts';

/** The most failed attempts of one address in a minute. */
const MAX_FAILURES = 10;

/** One of the two ways to sign in: as an account, or as an operator. */
export interface SignIn {
  /** Where its part of the console is mounted, and the path of its cookies. */
  path: string;
  cookie: string;
  title: string;
  label: string;
  hint: string;
  /** The token of a new session, or null for a wrong secret. */
  open(secret: string): Promise<string | null>;
}

/** An account signs in with an API key that has every scope, because the pages use all of them. */
export function accountSignIn({ db }: Context): SignIn {
  return {
    path: '/console',
    cookie: 'ollagraph_session',
    title: 'Sign in',
    label: 'API key',
    hint: 'The key that you call the API with. It is not kept in the browser.',
    async open(key) {
      const found = /^[\x21-\x7e]{1,300}$/.test(key) ? await authenticate(db, key) : null;
      const missing = found && KEY_SCOPES.find((scope) => !found.scopes.includes(scope));
      if (missing) throw insufficientScope(missing);
      return found && (await openSession(db, found.id, found.keyId));
    },
  };
}

/** Operators sign in with ADMIN_TOKEN. */
export function operatorSignIn({ db }: Context, adminToken: string): SignIn {
  return {
    path: '/console/admin',
    cookie: 'ollagraph_operator',
    title: 'Operator sign-in',
    label: 'Admin token',
    hint: 'The value of ADMIN_TOKEN.',
    async open(token) {
      const same = timingSafeEqual(digest(token), digest(adminToken));
      return same ? await openOperatorSession(db, adminToken) : null;
    },
  };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The page to sign in, and the way out. */
export function signInRoutes({ db, config }: Context, signIn: SignIn): Router {
  const router = Router();
  const limit = new AttemptLimit(MAX_FAILURES);
  const outside = `${signIn.cookie}_form`;

  /** A browser that is not signed in has a token too, so that no other site can sign it in. */
  function greet(req: Request, res: Response): string {
    const known = readCookie(req, outside);
    const cookie = known ?? newToken();
    if (known === null)
      writeCookie(res, { name: outside, value: cookie, path: `${signIn.path}/sign-in`, maxAge: 3600 });
    setBrowserSession(res, { kind: 'anonymous', cookie });
    return cookie;
  }

  function show(res: Response, status: number, problem: string | null): void {
    const form = postForm(
      res,
      `${signIn.path}/sign-in`,
      html`${problem !== null && html`<p class="problem" role="alert">${problem}</p>`}
        ${field({
          label: signIn.label,
          name: 'secret',
          type: 'password',
          required: true,
          hint: signIn.hint,
          autocomplete: 'current-password',
        })} <button class="button primary wide">Sign in</button>`,
    );
    sendPage(res, { title: signIn.title, body: html`<div class="sign-in">${form}</div>` }, status);
  }

  router.get('/sign-in', (req, res) => {
    greet(req, res);
    show(res, 200, null);
  });

  router.post('/sign-in', async (req, res) => {
    checkForm(req, greet(req, res));
    const { secret = '' } = req.body as { secret?: unknown };
    const given = typeof secret === 'string' ? secret.trim() : '';
    const address = req.ip ?? '';
    const wait = limit.waitSeconds(address, given);
    if (wait > 0) {
      res.set('Retry-After', String(wait));
      show(res, 429, `Too many attempts. Try again in ${wait} seconds.`);
      return;
    }
    const token = await signIn.open(given);
    if (token === null) {
      limit.fail(address);
      show(res, 401, `This ${signIn.label.replace('Admin', 'admin')} is not valid.`);
      return;
    }
    limit.succeed(address, given);
    writeCookie(res, { name: signIn.cookie, value: token, path: signIn.path, maxAge: SESSION_SECONDS });
    res.redirect(303, signIn.path);
  });

  router.post('/sign-out', async (req, res) => {
    const cookie = readCookie(req, signIn.cookie);
    if (cookie !== null) {
      checkForm(req, cookie);
      await closeSession(db, cookie, config.adminToken);
    }
    writeCookie(res, { name: signIn.cookie, value: '', path: signIn.path, maxAge: 0 });
    res.redirect(303, `${signIn.path}/sign-in?notice=signed-out`);
  });

  return router;
}
