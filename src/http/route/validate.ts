import type { Request } from 'express';
import type { z } from 'zod';
import { ServiceError, type FieldError } from '../../service-error.ts';

const MAX_DEPTH = 32;
const MAX_ERRORS = 20;

/**
 * The query string as the schema accepts it. Throws ServiceError `validation_failed` that names the
 * parameters.
 */
export function parseQuery<S extends z.ZodType>(req: Request, schema: S): z.infer<S> {
  return parseValue(req.query, schema);
}

/** Any value from a client as the schema accepts it. Throws ServiceError `validation_failed`. */
export function parseValue<S extends z.ZodType>(value: unknown, schema: S): z.infer<S> {
  refuseHostile(value, '', 0);
  return validate(schema, value);
}

/**
 * What the schema makes of a value. Throws ServiceError `validation_failed` that names the fields.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
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
  if (issue.code === 'invalid_union') {
    const meant = meantBranch(issue);
    if (meant)
      return meant.flatMap((inner) => toFieldErrors({ ...inner, path: [...issue.path, ...inner.path] }));
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0]?.message ?? issue.message;
    return [{ path: path === '' ? '(body)' : path, message: inner }];
  }
  return [{ path: path === '' ? '(body)' : path, message: issue.message }];
}

/**
 * The faults of a value by the form of a union that it comes closest to; none where it is of
 * another kind.
 */
function meantBranch({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const ofItsKind = errors.filter((issues) =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return ofItsKind.toSorted((a, b) => a.length - b.length)[0];
}

function formatPath(path: PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('');
}

/**
 * Throws ServiceError `validation_failed` for U+0000 and lone surrogates, which cannot be stored,
 * and for deep nesting and keys that name the prototype, which have no honest use.
 */
export function refuseHostile(value: unknown, path: string, depth: number): void {
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
