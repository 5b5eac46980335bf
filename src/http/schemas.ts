import { z } from 'zod';

/** The schemas that have a name in the API's document. */
export const namedSchemas = z.registry<{ id: string }>();

/** Gives a schema its name in the API's document. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  namedSchemas.add(schema, { id });
  return schema;
}

/** One page of a list, and the cursor of the next page. */
export const listOf = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .describe('Send it as `cursor` to read the next page; null at the end of the list.'),
  });

/** An RFC 3339 time in an answer. */
export const timestamp = z.iso.datetime();

const TIME = 'must be a time like 2026-01-31T12:00:00Z';

/** An RFC 3339 time in a request. Its T and Z may be lower-case letters (section 5.6). */
export const time = z
  .string(TIME)
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true, message: TIME }))
  .transform((text) => new Date(text))
  .meta({ shownAs: { type: 'string', format: 'date-time' } });
