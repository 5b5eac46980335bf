import express, { type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { ServiceError, type FieldError } from '../service-error.ts';

const MAX_DEPTH = 32;
const MAX_ERRORS = 20;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads the body as bytes, whatever its Content-Type says. `limit`: most bytes once it is decompressed. */
export function rawBody(limit: number): RequestHandler {
  return express.raw({ type: () => true, limit });
}

/** The exact bytes of the body; empty when there was none. */
export function bodyBytes(req: Request): Buffer {
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

/**
 * The body as JSON that the schema accepts; a missing body counts as `{}`. Throws ServiceError: `invalid_json` where it is not JSON in
 * UTF-8, `validation_failed` naming the fields that the schema refuses or the database could not hold.
 */
export function parseBody<S extends z.ZodType>(req: Request, schema: S): z.infer<S> {
  const bytes = bodyBytes(req);
  if (bytes.length === 0) return validate(schema, {});
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    throw new ServiceError('invalid_json', 'The body must be JSON in UTF-8.', { cause });
  }
  return parseValue(value, schema);
}

/** Refuses a body that has a field. Throws ServiceError `validation_failed`. */
export function parseNothing(req: Request): void {
  parseBody(req, z.strictObject({}));
}

/** The query string as the schema accepts it. Throws ServiceError `validation_failed` that names the parameters. */
export function parseQuery<S extends z.ZodType>(req: Request, schema: S): z.infer<S> {
  return parseValue(req.query, schema);
}

/** Any value from a client as the schema accepts it. Throws ServiceError `validation_failed`. */
export function parseValue<S extends z.ZodType>(value: unknown, schema: S): z.infer<S> {
  refuseHostile(value, '', 0);
  return validate(schema, value);
}

function validate<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap(toFieldErrors).slice(0, MAX_ERRORS);
  throw new ServiceError('validation_failed', `${errors[0]!.path}: ${errors[0]!.message}`, { errors });
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: path === '' ? key : `${path}.${key}`,
      message: 'this field does not exist',
    }));
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0]?.message ?? issue.message;
    return [{ path: path === '' ? '(body)' : path, message: inner }];
  }
  return [{ path: path === '' ? '(body)' : path, message: issue.message }];
}

function formatPath(path: PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

/** U+0000 and lone surrogates cannot be stored; keys that name the prototype and deep nesting have no honest use. */
function refuseHostile(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) throw refused(path, 'must not contain U+0000');
    if (!value.isWellFormed()) throw refused(path, 'must not contain lone surrogates');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_DEPTH) throw refused(path, `must not be nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) refuseHostile(value[i], `${path}[${i}]`, depth + 1);
    return;
  }
  for (const key of Object.keys(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (key === '__proto__' || key === 'constructor' || key === 'prototype')
      throw refused(path === '' ? '(body)' : path, `must not have the key ${key}`);
    refuseHostile(key, '(a key)', depth + 1);
    refuseHostile((value as Record<string, unknown>)[key], at, depth + 1);
  }
}

function refused(path: string, message: string): ServiceError {
  const at = path === '' ? '(body)' : path.slice(0, 200);
  return new ServiceError('validation_failed', `${at}: ${message}`, { errors: [{ path: at, message }] });
}
