import type { Response } from 'express';
import { csrfToken, type Session } from './sessions.ts';

/** Who looks at the page: noted by the guard of each part of the console. */
export type Visitor =
  | { kind: 'account'; cookie: string; session: Session }
  | { kind: 'operator'; cookie: string }
  | { kind: 'stranger'; cookie: string };

export function setVisitor(res: Response, visitor: Visitor): void {
  res.locals.visitor = visitor;
  if (visitor.kind === 'account') res.locals.account_id = visitor.session.account_id;
}

export function visitorOf(res: Response): Visitor | undefined {
  return res.locals.visitor as Visitor | undefined;
}

/** The session behind a page that only accounts reach. */
export function sessionOf(res: Response): Session {
  const visitor = visitorOf(res);
  if (visitor?.kind !== 'account') throw new Error('this page needs an account');
  return visitor.session;
}

/** What every form of this visitor carries. */
export function csrfOf(res: Response): string {
  const visitor = visitorOf(res);
  return visitor ? csrfToken(visitor.cookie) : '';
}
