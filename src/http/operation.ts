import { z } from 'zod';
import type { ProblemCode } from './problem.ts';

/** One route as the API's document shows it, made of the schemas that the route itself validates with. */
export interface Operation {
  id: string;
  method: 'get' | 'post';
  /** With parameters in braces, like `/v1/jobs/{job_id}`. */
  path: string;
  tag: 'Scraping' | 'Jobs' | 'Deliveries' | 'Endpoints' | 'Account' | 'Service';
  summary: string;
  description?: string;
  /** Who may call it: everybody, an account by its key, or the operator by ADMIN_TOKEN. */
  access: 'anyone' | 'account' | 'operator';
  query?: z.ZodObject;
  body?: z.ZodType;
  /** A body to begin with. */
  example?: unknown;
  /** Takes an Idempotency-Key. */
  idempotent?: boolean;
  answers: Record<number, Answer>;
  /** Set when the route is to go away. */
  deprecation?: Deprecation;
  /** Problems besides those that follow from its access, body, query and path. */
  problems?: ProblemCode[];
}

/** Since when a route is deprecated and until when it works (dates like 2026-01-31), and the path of what takes its place. */
export interface Deprecation {
  since: string;
  until: string;
  successor: string;
}

interface Answer {
  description: string;
  /** The JSON body. */
  schema?: z.ZodType;
  /** What the body is where it is not JSON. */
  contentType?: string;
  headers?: Record<string, string>;
}

/** The schemas that the document gives a name. */
export const namedSchemas = z.registry<{ id: string }>();

/** Gives a schema its name in the document. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  namedSchemas.add(schema, { id });
  return schema;
}

/** A list's answer. */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    data: z.array(item),
    next_cursor: z.string().nullable().describe('Give it as `cursor` to read on; null at the end.'),
  });

/** An RFC 3339 time in an answer. */
export const timestamp = z.iso.datetime();
