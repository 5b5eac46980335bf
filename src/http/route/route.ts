import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { AuditAction, KeyScope } from '../../database/enumerations.ts';
import type { ErrorCode } from '../../service-error.ts';
import type { BodyLimits } from '../body/json-body.ts';
import type { Caller } from '../locals.ts';
import type { Reply } from './reply.ts';

/**
 * Who may call a route: everybody, an account with its key, whoever has a link that an account has
 * signed, or the operator with ADMIN_TOKEN.
 */
export type Access = 'anyone' | 'account' | 'link' | 'operator';

/**
 * The declaration of a route, from which registration, validation, access, limits, names and the
 * API's document derive.
 */
export interface RouteDescription {
  id: string;
  method: 'get' | 'post' | 'patch' | 'delete';
  /** With parameters in braces, like `/v1/jobs/{job_id}`. */
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Access;
  /** The scope that it needs, where that is not the one of its tag. */
  scope?: KeyScope;
  /** The action to record once a request has been carried out. */
  audit?: AuditAction;
  query?: z.ZodObject;
  body?: z.ZodType;
  /**
   * Where the body's limits are not the default ones: 1 MiB (1 KiB where the route takes no body),
   * 10,000 values, nothing verbatim.
   */
  limits?: Partial<BodyLimits>;
  /** A body to start from. */
  example?: unknown;
  /** Takes an Idempotency-Key. */
  idempotent?: boolean;
  answers: Record<number, Answer>;
  /** Set when the route is to be removed. */
  deprecation?: Deprecation;
  /** Errors besides those that follow from access, body, query and path. */
  problems?: ErrorCode[];
}

/** The groups of routes in the API's document. */
export const TAGS = {
  Scraping: 'Fetch pages now, or queue them as a job.',
  Jobs: 'Read, watch and cancel jobs.',
  Schedules: 'Jobs that run again and again, and report what has changed.',
  Deliveries: 'The callbacks that were sent, with every attempt, and sending them again.',
  Endpoints: 'The hosts that receive your callbacks.',
  Account: 'Your account, its credits and its webhook secret.',
  Service: 'Health, metrics and this document.',
} as const;
export type Tag = keyof typeof TAGS;

/** The scope that the routes of a group need; null: they need no key. */
export const TAG_SCOPES: Record<Tag, KeyScope | null> = {
  Scraping: 'scrape',
  Jobs: 'jobs:read',
  Schedules: 'scrape',
  Deliveries: 'webhooks',
  Endpoints: 'webhooks',
  Account: 'account',
  Service: null,
};

/** Dates like 2026-01-31, and the path of the route that replaces this one. */
export interface Deprecation {
  since: string;
  until: string;
  successor: string;
}

export interface Answer {
  description: string;
  /** The schema of a JSON body. */
  schema?: z.ZodType;
  /** The type of a body that is not JSON, or has no schema. */
  contentType?: string;
  /** Types that the answer may have instead. */
  otherTypes?: string[];
  headers?: Record<string, string>;
}

/** A request that passed the route's access, limits and schemas. */
export interface RouteRequest<Params, Query, Body, Account> {
  account: Account;
  params: Params;
  query: Query;
  body: Body;
  /** The exact bytes of the body, decompressed. */
  bytes: Buffer;
  /** The verbatim fields of the body as they came, without white space between tokens. */
  verbatim: Record<string, string | undefined>;
  path: string;
  /** The origin of this service, as its caller addresses it; empty for a call from within. */
  origin: string;
  headers: IncomingHttpHeaders;
  idempotencyKey: string | null;
  requestId: string;
  /** The address of the client; null where it is unknown. */
  ip: string | null;
  /** The parent span of whatever this request starts; null where tracing is off. */
  traceparent: string | null;
  /** Aborts when the answer is complete or its client has gone. */
  signal: AbortSignal;
}

/** A route, with its handler. `Context` is what the handler needs of the service. */
export interface Route<Context> extends RouteDescription {
  handle(
    request: RouteRequest<Record<string, string>, unknown, unknown, Caller>,
    context: Context,
  ): Promise<Reply> | Reply;
}

type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Record<Name, string> & ParamsOf<Rest>
  : unknown;
type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

interface TypedRoute<Path extends string, Kind extends Access, Query, Body, Context> {
  path: Path;
  access: Kind;
  query?: Query;
  body?: Body;
  handle(
    request: RouteRequest<
      ParamsOf<Path>,
      OutputOf<Query>,
      OutputOf<Body>,
      Kind extends 'account' ? Caller : undefined
    >,
    context: Context,
  ): Promise<Reply> | Reply;
}

/**
 * Declares a route. The types of its handler's request follow from its path, access and schemas.
 */
export function route<
  const Path extends string,
  const Kind extends Access,
  Context,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  declared: Omit<RouteDescription, 'path' | 'access' | 'query' | 'body'> &
    TypedRoute<Path, Kind, Query, Body, Context>,
): Route<Context> {
  return declared as unknown as Route<Context>;
}

/** The codes with which a route can answer. */
export function problemsOf(declared: RouteDescription): ErrorCode[] {
  const codes = new Set<ErrorCode>(declared.problems);
  if (declared.access === 'anyone') return [...codes];
  for (const code of ['internal_error', 'unavailable', 'rate_limited'] as const) codes.add(code);
  if (declared.access === 'link') return [...codes.add('bad_request').add('not_found').add('forbidden')];
  codes.add('unauthorized');
  if (declared.access === 'operator') return [...codes.add('not_found')];
  codes.add('bad_request').add('insufficient_scope');
  if (declared.path.includes('{') || declared.idempotent) codes.add('not_found');
  if (declared.query) codes.add('validation_failed');
  if (takesBody(declared)) for (const code of BODY_PROBLEMS) codes.add(code);
  if (declared.idempotent) for (const code of CREATION_PROBLEMS) codes.add(code);
  return [...codes];
}

/** Whether requests of a route have a body. */
export const takesBody = ({ method }: Pick<RouteDescription, 'method'>) =>
  method === 'post' || method === 'patch';

/** A route without a body schema reads the body as well, and refuses its fields. */
const BODY_PROBLEMS = [
  'invalid_json',
  'body_too_large',
  'unsupported_encoding',
  'validation_failed',
] as const;
const CREATION_PROBLEMS = ['idempotency_busy', 'idempotency_mismatch', 'out_of_credits'] as const;
