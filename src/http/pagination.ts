import { z } from 'zod';
import { invalidField } from '../service-error.ts';

/** The query parameter `limit` of a list: from 1 to `max`. */
export const limitParameter = (max: number, byDefault: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= 1 && n <= max, `must be from 1 to ${max}`)
    .default(byDefault)
    .meta({ shownAs: { type: 'integer', minimum: 1, maximum: max, default: byDefault } });

export const cursorParameter = z
  .string()
  .max(200)
  .optional()
  .describe('The `next_cursor` of the previous answer.');

/** An opaque cursor for the place after `key`. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/**
 * The key that `encodeCursor` was given; null without a cursor. Throws ServiceError where the key
 * does not match `form`.
 */
export function decodeCursor(cursor: string | undefined, form: RegExp): string | null {
  if (cursor === undefined) return null;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!form.test(key)) throw invalidField('cursor', 'is not a cursor of this list');
  return key;
}

/** The query of a list that is read whole, and is rarely longer than a page. */
export const shortListQuery = z.strictObject({ limit: limitParameter(1000, 1000), cursor: cursorParameter });

/**
 * A page of a list whose entries are in the order of their keys. Throws as `decodeCursor`.
 */
export function pageOf<T>(
  all: T[],
  { limit, cursor }: z.infer<typeof shortListQuery>,
  { keyOf, order }: { keyOf: (entry: T) => string; order: 'ascending' | 'descending' },
): { data: T[]; next_cursor: string | null } {
  const last = decodeCursor(cursor, /^.{1,200}$/);
  const isLeft = (key: string) => last === null || (order === 'ascending' ? key > last : key < last);
  const left = all.filter((entry) => isLeft(keyOf(entry)));
  const data = left.slice(0, limit);
  return { data, next_cursor: left.length > limit ? encodeCursor(keyOf(data.at(-1)!)) : null };
}
