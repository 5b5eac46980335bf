import type { Response } from 'express';
import { recordAudit, type Actor } from '../../accounts/audit.ts';
import type { AuditAction } from '../../database/enumerations.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { requestIdOf } from '../../http/locals.ts';
import { csrfToken, type Session } from './sessions.ts';

/** The viewer of a page, and the token in their cookie. Each part of the console sets it first. */
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

/** The actor for the audit, on a page that only accounts reach. */
export function actorOf(res: Response): Actor {
  return { kind: 'console', key_id: sessionOf(res).key_id, ip: res.req.ip ?? null };
}

/** Records what somebody did on such a page. */
export async function auditPage(
  db: DbOrTx,
  res: Response,
  action: AuditAction,
  target: string | null = null,
): Promise<void> {
  const { account_id } = sessionOf(res);
  await recordAudit(db, { account_id, actor: actorOf(res), action, target, request_id: requestIdOf(res) });
}

/** The token that every form of this session carries. */
export function csrfOf(res: Response): string {
  const browser = browserSessionOf(res);
  return browser ? csrfToken(browser.cookie) : '';
}
