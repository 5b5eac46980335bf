import type { Caller } from '../locals.ts';
import { ServiceError } from '../../service-error.ts';
import { checkScope, scopeOf } from '../access/scope.ts';
import { audited, type Audit } from './audit.ts';
import { bodyText } from './reply.ts';
import type { Route, RouteRequest } from './route.ts';
import { parseValue } from './validate.ts';

/** A request of an account to a route, made within the service. */
export interface InnerCall extends Pick<
  RouteRequest<unknown, unknown, unknown, Caller>,
  'account' | 'requestId' | 'ip' | 'traceparent' | 'signal'
> {
  method: 'GET' | 'POST';
  /** With its query. */
  path: string;
  body?: object | undefined;
}

/**
 * Answers a call as if it had come over HTTP from an account that has passed the gates. Returns the
 * JSON text of the answer. Throws ServiceError as the routes do, and `not_found` where there is no
 * such route for accounts.
 */
export async function callRoute<Context>(
  routes: readonly Route<Context>[],
  context: Context,
  { method, path, body = {}, ...rest }: InnerCall,
  audit: Audit,
): Promise<string> {
  const url = new URL(path, 'http://inside');
  const answered = new AbortController();
  for (const declared of routes) {
    if (declared.access !== 'account' || declared.method !== method.toLowerCase()) continue;
    const params = paramsOf(declared.path, url.pathname);
    if (params === null) continue;
    checkScope(rest.account, scopeOf(declared));
    const request = {
      ...rest,
      signal: AbortSignal.any([rest.signal, answered.signal]),
      params,
      query: declared.query && parseValue(Object.fromEntries(url.searchParams), declared.query),
      body: declared.body && parseValue(body, declared.body),
      bytes: Buffer.from(JSON.stringify(body)),
      verbatim: {},
      path: url.pathname,
      origin: '',
      headers: {},
      idempotencyKey: null,
    };
    try {
      const reply = await declared.handle(request, context);
      await audited(declared, request, reply, audit);
      return await bodyText(reply.json === undefined ? reply.body : JSON.stringify(reply.json));
    } finally {
      answered.abort();
    }
  }
  throw new ServiceError('not_found', `There is no ${method} ${url.pathname}.`);
}

/** The parameters that a path has under a route's pattern; null where it is another route's. */
function paramsOf(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [n, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = decodeURIComponent(given[n]!);
    else if (part !== given[n]) return null;
  }
  return params;
}
