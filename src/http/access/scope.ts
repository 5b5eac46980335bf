import type { RequestHandler } from 'express';
import type { KeyScope } from '../../database/enumerations.ts';
import { insufficientScope } from '../../service-error.ts';
import { callerOf, type Caller } from '../locals.ts';
import { TAG_SCOPES, type RouteDescription } from '../route/route.ts';

/** The scope that a key needs for a route; null for one that asks for no key. */
export function scopeOf({ access, scope, tag }: Pick<RouteDescription, 'access' | 'scope' | 'tag'>) {
  return access === 'account' ? (scope ?? TAG_SCOPES[tag]) : null;
}

/** Throws ServiceError `insufficient_scope`, which names what the caller's key lacks. */
export function checkScope({ scopes }: Pick<Caller, 'scopes'>, scope: KeyScope | null): void {
  if (scope !== null && !scopes.includes(scope)) throw insufficientScope(scope);
}

/** Refuses the callers whose keys lack the scope of a route. */
export function requireScope(declared: RouteDescription): RequestHandler[] {
  const scope = scopeOf(declared);
  if (scope === null) return [];
  return [
    (_req, res, next) => {
      checkScope(callerOf(res), scope);
      next();
    },
  ];
}
