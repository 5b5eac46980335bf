import type { Response } from 'express';
import { csrfToken, type Session } from './sessions.ts';

/** Who looks at a page, and the token in their cookie. Each part of the console sets it first. */
export type BrowserSession =
  | { kind: 'account'; cookie: string; session: Session }
  | { kind: 'operator'; cookie: string }
  | { kind: 'anonymous'; cookie: string };

export function setBrowserSession(res: Response, browser: BrowserSession): void {
  res.locals.browser = browser;
  if (browser.kind === 'account') res.locals.account_id = browser.session.account_id;
}

export function browserSessionOf(res: Response): BrowserSession | undefined {
  return res.locals.browser as BrowserSession | undefined;
}

/** The session behind a page that only accounts reach. */
export function sessionOf(res: Response): Session {
  const browser = browserSessionOf(res);
  if (browser?.kind !== 'account') throw new Error('this page needs an account');
  return browser.session;
}

/** The token that every form of this session carries. */
export function csrfOf(res: Response): string {
  const browser = browserSessionOf(res);
  return browser ? csrfToken(browser.cookie) : '';
}
