import { ROUTES } from '../../../src/api/routes.ts';
import { PROBLEMS, problemSchema } from '../../../src/http/problem.ts';
import { problemsOf } from '../../../src/http/route/route.ts';
import type { ErrorCode } from '../../../src/service-error.ts';

/** The codes of answers to a request that matches no route. */
const WITHOUT_ROUTE: ErrorCode[] = ['unauthorized', 'rate_limited', 'not_found', 'method_not_allowed'];

/**
 * Throws where an answer of the API is not what its document promises for this route and status: a
 * status or code that is not there, or a body that the schema refuses.
 */
export function assertDocumented(method: string, path: string, response: Response, text: string): void {
  const { pathname } = new URL(path, 'http://localhost');
  if (pathname.startsWith('/docs') || pathname.startsWith('/console') || method === 'HEAD') return;
  const where = `${method} ${pathname}: ${response.status}`;
  const route = findRoute(method, pathname);
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  if (type === 'application/problem+json') {
    const { code, status } = check(problemSchema, text, where);
    const possible = route ? problemsOf(route) : WITHOUT_ROUTE;
    if (!possible.includes(code))
      throw new Error(`${where}: the document does not say that it can be ${code}`);
    if (status !== response.status || PROBLEMS[code][0] !== status)
      throw new Error(`${where}: ${code} is another status`);
    return;
  }
  const answer = route?.answers[response.status];
  if (!answer) throw new Error(`${where}: the document has no such answer`);
  const { schema, contentType = '', otherTypes = [] } = answer;
  const promised = [schema ? 'application/json' : contentType, ...otherTypes];
  if (!promised.includes(type)) throw new Error(`${where}: the document has no answer of type ${type}`);
  if (answer.schema && type === 'application/json') check(answer.schema, text, where);
}

const PATTERNS = ROUTES.map((route) => {
  const pattern = route.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+');
  return { route, pattern: new RegExp(`^${pattern}/?$`, 'i') };
});

/** The route of a request; a path without parameters goes first. */
function findRoute(method: string, pathname: string) {
  const matches = PATTERNS.flatMap(({ route, pattern }) => (pattern.test(pathname) ? [route] : []));
  const exact = matches.filter(({ path }) => !path.includes('{'));
  const candidates = exact.length > 0 ? exact : matches;
  return candidates.find((route) => route.method === method.toLowerCase());
}

function check<T>(
  schema: { safeParse(value: unknown): { success: boolean; data?: T; error?: Error } },
  text: string,
  where: string,
): T {
  const parsed = schema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${where}: not as the document says`, { cause: parsed.error });
  return parsed.data!;
}
