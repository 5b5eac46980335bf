import { z } from 'zod';
import { named } from '../../../http/schemas.ts';
import { fieldsFault, MAX_FIELDS, VALUE_KINDS, type Field } from '../../../scrape/fields/field.ts';
import { isValidSelector } from '../../../scrape/selectors.ts';

const name = z.string().min(1).max(100);

const field: z.ZodType<Field, Field> = named(
  'Field',
  z.strictObject({
    css: z
      .string()
      .max(256)
      .optional()
      .describe('A CSS selector within the element around; without one, that element itself.'),
    attr: z.string().min(1).max(100).optional().describe('An attribute in place of the text.'),
    as: z
      .enum(VALUE_KINDS)
      .optional()
      .describe('What the text becomes: `number`, `date` by ISO 8601, absolute `url`. Default: `text`.'),
    all: z.boolean().optional().describe('All that match, as a list. Default: the first.'),
    required: z.boolean().optional().describe('Whether `data_errors` names it where it is missing.'),
    from: z.literal('json_ld').optional().describe("The page's JSON-LD in place of its elements."),
    path: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('A property of a JSON-LD object, such as `offers.price`. Default: the name of the field.'),
    get fields(): z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodType<Field, Field>>> {
      return z.record(name, field).optional().describe('An object in place of a value.');
    },
  }),
);

/** The values to read of each page. */
export const dataFields = z
  .record(name, field)
  .superRefine((fields, context) => {
    const fault = fieldsFault(fields, isValidSelector);
    if (fault !== null) context.addIssue({ code: 'custom', ...fault });
  })
  .optional()
  .describe(`Values to read of each page into \`data\`, by name; at most ${MAX_FIELDS} in all.`)
  .meta({
    shownAs: { type: 'object', additionalProperties: { $ref: '#/components/schemas/Field' } },
  });
