import { createHash, timingSafeEqual } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import { authenticate } from '../../accounts/keys.ts';
import type { Context } from '../../context.ts';
import { AttemptLimit } from './attempt-limit.ts';
import { readCookie, writeCookie } from './cookies.ts';
import { field, postForm } from '../view/forms.ts';
import { html } from '../../http/html.ts';
import { sendPage } from '../view/layout.ts';
import { checkForm } from './protection.ts';
import { closeSession, newToken, openOperatorSession, openSession, SESSION_SECONDS } from './sessions.ts';
import { setVisitor } from './visitor.ts';

/** One of the two doors of the console. */
export interface Door {
  /** Where its part of the console is mounted, and what its cookies are sent to. */
  path: string;
  cookie: string;
  title: string;
  label: string;
  hint: string;
  /** The token of a new session, or null for a wrong secret. */
  open(secret: string): Promise<string | null>;
}

/** The door of an account: its API keys open it. */
export function accountDoor({ db }: Context): Door {
  return {
    path: '/console',
    cookie: 'ollagraph_session',
    title: 'Sign in',
    label: 'API key',
    hint: 'The key that you call the API with. It is not kept in the browser.',
    async open(key) {
      const found = /^[\x21-\x7e]{1,300}$/.test(key) ? await authenticate(db, key) : null;
      return found && (await openSession(db, found.id, found.keyId));
    },
  };
}

/** The door of operators: ADMIN_TOKEN opens it. */
export function operatorDoor({ db }: Context, adminToken: string): Door {
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

/** The nearest proxy writes whom it saw last; whoever comes without one could write anything, and gains a little patience at most. */
function addressOf(req: Request): string {
  const seen = req.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  return seen ?? req.socket.remoteAddress ?? '';
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** The page at the door, and the way out. */
export function signInRoutes({ db, config }: Context, door: Door): Router {
  const router = Router();
  const limit = new AttemptLimit();
  const outside = `${door.cookie}_form`;

  /** Someone who is not signed in has a token too, so that no other site can sign them in. */
  function greet(req: Request, res: Response): string {
    const known = readCookie(req, outside);
    const cookie = known ?? newToken();
    if (known === null)
      writeCookie(req, res, outside, cookie, { path: `${door.path}/sign-in`, maxAge: 3600 });
    setVisitor(res, { kind: 'stranger', cookie });
    return cookie;
  }

  function show(res: Response, status: number, problem: string | null): void {
    const form = postForm(
      res,
      `${door.path}/sign-in`,
      html`${problem !== null && html`<p class="problem" role="alert">${problem}</p>`}
        ${field({ label: door.label, name: 'secret', type: 'password', required: true, hint: door.hint, autocomplete: 'current-password' })}
        <button class="button primary wide">Sign in</button>`,
    );
    sendPage(res, { title: door.title, body: html`<div class="door">${form}</div>` }, status);
  }

  router.get('/sign-in', (req, res) => {
    greet(req, res);
    show(res, 200, null);
  });

  router.post('/sign-in', async (req, res) => {
    checkForm(req, greet(req, res));
    const client = addressOf(req);
    const wait = limit.waitSeconds(client);
    if (wait > 0) {
      res.set('Retry-After', String(wait));
      show(res, 429, `Too many attempts. Try again in ${wait} seconds.`);
      return;
    }
    const { secret } = req.body as { secret?: unknown };
    const token = typeof secret === 'string' ? await door.open(secret.trim()) : null;
    if (token === null) {
      limit.fail(client);
      show(res, 401, `This ${door.label.replace('Admin', 'admin')} is not valid.`);
      return;
    }
    writeCookie(req, res, door.cookie, token, { path: door.path, maxAge: SESSION_SECONDS });
    res.redirect(303, door.path);
  });

  router.post('/sign-out', async (req, res) => {
    const cookie = readCookie(req, door.cookie);
    if (cookie !== null) {
      checkForm(req, cookie);
      await closeSession(db, cookie, config.adminToken);
    }
    writeCookie(req, res, door.cookie, '', { path: door.path, maxAge: 0 });
    res.redirect(303, `${door.path}/sign-in?notice=signed-out`);
  });

  return router;
}
