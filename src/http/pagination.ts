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
