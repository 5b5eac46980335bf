import { z } from 'zod';
import { accountOperations } from '../accounts/http/operations.ts';
import { callbackOperations } from '../callbacks/http/operations.ts';
import { jobOperations, scrapeOperations } from '../jobs/http/operations.ts';
import { webhookOperations } from '../webhooks/http/operations.ts';
import { named, type Operation } from '../http/operation.ts';
import { PROBLEMS, type ProblemCode } from '../http/problem.ts';

const readiness = named(
  'Readiness',
  z.strictObject({ status: z.string(), checks: z.record(z.string(), z.boolean()) }),
);

const serviceOperations: Operation[] = [
  {
    id: 'healthz',
    method: 'get',
    path: '/healthz',
    tag: 'Service',
    summary: 'Whether the process answers',
    access: 'anyone',
    answers: {
      200: {
        description: 'It does.',
        schema: named('Liveness', z.strictObject({ status: z.literal('ok') })),
      },
    },
  },
  {
    id: 'readyz',
    method: 'get',
    path: '/readyz',
    tag: 'Service',
    summary: 'Whether the process can do its work',
    access: 'anyone',
    answers: {
      200: { description: 'It can.', schema: readiness },
      503: { description: 'It cannot; `checks` says why.', schema: readiness },
    },
  },
  {
    id: 'metrics',
    method: 'get',
    path: '/metrics',
    tag: 'Service',
    summary: 'Metrics in the Prometheus text format',
    description: 'For the operator: with ADMIN_TOKEN as the bearer. A 404 where none is configured.',
    access: 'operator',
    answers: { 200: { description: 'The metrics.', contentType: 'text/plain' } },
  },
  {
    id: 'openapi',
    method: 'get',
    path: '/openapi.json',
    tag: 'Service',
    summary: 'This document',
    access: 'anyone',
    answers: { 200: { description: 'OpenAPI 3.1.', contentType: 'application/json' } },
  },
];

/** Every route of the API. */
export const OPERATIONS: Operation[] = [
  ...scrapeOperations,
  ...jobOperations,
  ...webhookOperations,
  ...callbackOperations,
  ...accountOperations,
  ...serviceOperations,
];

/** The codes with which an operation can answer. */
export function problemsOf(operation: Operation): ProblemCode[] {
  const codes = new Set<ProblemCode>(operation.problems);
  if (operation.access === 'anyone') return [...codes];
  codes.add('unauthorized').add('internal_error').add('unavailable');
  if (operation.access === 'operator') return [...codes.add('not_found')];
  codes.add('rate_limited').add('bad_request');
  if (operation.path.includes('{') || operation.idempotent) codes.add('not_found');
  if (operation.query) codes.add('validation_failed');
  // Also where it takes no body: what is sent is read, and refused.
  if (operation.method === 'post') {
    for (const code of [
      'invalid_json',
      'body_too_large',
      'unsupported_encoding',
      'validation_failed',
    ] as const)
      codes.add(code);
  }
  if (operation.idempotent) codes.add('idempotency_busy').add('idempotency_mismatch').add('out_of_credits');
  return [...codes];
}

/** The operation that a request is for, or null; and the methods that its path knows (empty where there is no such path). */
export function findOperation(
  method: string,
  path: string,
): { operation: Operation | null; methods: string[] } {
  const known = OPERATIONS.filter((operation) => pathPattern(operation).test(path));
  const exact = known.filter((operation) => !operation.path.includes('{'));
  const candidates = exact.length > 0 ? exact : known;
  const operation = candidates.find((o) => o.method === method.toLowerCase()) ?? null;
  return { operation, methods: candidates.map((o) => o.method.toUpperCase()) };
}

/** The route as the document names it, so that there are few of them whatever is asked for. */
export function routeOf(method: string, path: string): string {
  const { operation } = findOperation(method === 'HEAD' ? 'GET' : method, path);
  return operation?.path ?? /^\/(?:docs|console)(?=\/|$)/.exec(path)?.[0] ?? 'unknown';
}

const patterns = new Map<Operation, RegExp>();

/** The paths that are an operation's. */
export function pathPattern(operation: Operation): RegExp {
  let pattern = patterns.get(operation);
  if (!pattern) {
    pattern = new RegExp(`^${operation.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
    patterns.set(operation, pattern);
  }
  return pattern;
}

/** The body of every problem document (RFC 9457). */
export const problemSchema = named(
  'Problem',
  z.strictObject({
    type: z.string().describe('A page that explains the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode]).describe('For programs: it does not change.'),
    request_id: z.string(),
    errors: z
      .array(z.strictObject({ path: z.string().describe('The field, like `urls[3]`.'), message: z.string() }))
      .optional()
      .describe('The fields that were refused.'),
  }),
);
