import { findOperation, problemSchema, problemsOf } from '../../src/api/operations.ts';
import { PROBLEMS, type ProblemCode } from '../../src/http/problem.ts';

/** Problems with which any request can be answered that no operation was found for. */
const WITHOUT_OPERATION: ProblemCode[] = ['unauthorized', 'rate_limited', 'not_found', 'method_not_allowed'];

/**
 * Throws where an answer of the API is not what its document promises for this route and status: a status or code that is not there, or a body
 * that the schema refuses.
 */
export function assertDocumented(method: string, path: string, response: Response, text: string): void {
  const { pathname } = new URL(path, 'http://localhost');
  if (pathname.startsWith('/docs') || pathname.startsWith('/console') || method === 'HEAD') return;
  const where = `${method} ${pathname}: ${response.status}`;
  const { operation } = findOperation(method, pathname);
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  if (type === 'application/problem+json') {
    const { code, status } = check(problemSchema, text, where);
    const possible = operation ? problemsOf(operation) : WITHOUT_OPERATION;
    if (!possible.includes(code))
      throw new Error(`${where}: the document does not say that it can be ${code}`);
    if (status !== response.status || PROBLEMS[code][0] !== status)
      throw new Error(`${where}: ${code} is another status`);
    return;
  }
  const answer = operation?.answers[response.status];
  if (!answer) throw new Error(`${where}: the document has no such answer`);
  const promised = answer.schema ? 'application/json' : (answer.contentType ?? '');
  if (type !== promised) throw new Error(`${where}: the document has no answer of type ${type}`);
  if (answer.schema) check(answer.schema, text, where);
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
