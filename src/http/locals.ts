import type { RequestHandler, Response } from 'express';
import type { KeyScope } from '../database/enumerations.ts';

/** The account whose key a request carries, the id of that key, and what it may do. */
export interface Caller {
  id: string;
  keyId: string;
  scopes: readonly KeyScope[];
}

/** The id of the request that is being answered. */
export function requestIdOf(res: Response): string {
  return res.locals.request_id as string;
}

/**
 * The route that the request matched, as the API's document writes its path; `unknown` where it
 * matched none.
 */
export function routeOf(res: Response): string {
  return (res.locals.route as string | undefined) ?? 'unknown';
}

/** Names the route for metrics, traces and logs. */
export function setRoute(route: string): RequestHandler {
  return (_req, res, next) => {
    res.locals.route = route;
    next();
  };
}

/** The `traceparent` for the work that this request starts; null where tracing is off. */
export function traceOf(res: Response): string | null {
  return (res.locals.traceparent as string | null | undefined) ?? null;
}

/** Notes whose request it is, where it has no key. */
export function setAccount(res: Response, accountId: string): void {
  res.locals.account_id = accountId;
}

/** The account that was noted. Throws where the request has none. */
export function accountIdOf(res: Response): string {
  const id = res.locals.account_id as string | undefined;
  if (id === undefined) throw new Error('this request has no account');
  return id;
}

/** Notes the account of a request, for its log line and its handler. */
export function setCaller(res: Response, caller: Caller): void {
  setAccount(res, caller.id);
  res.locals.caller = caller;
}

/** The account that `setCaller` noted. Throws where the request has none. */
export function callerOf(res: Response): Caller {
  const caller = res.locals.caller as Caller | undefined;
  if (!caller) throw new Error('this request has no account');
  return caller;
}
