import { z } from 'zod';
import { JOB_KINDS, JOB_STATUSES, SETTLED_PAGE_STATUSES } from '../../../database/enumerations.ts';
import { cursorParameter, limitParameter } from '../../../http/pagination.ts';
import { RESULT_FORMATS } from '../../read/result.ts';

const MAX_WAIT_SECONDS = 25;

export const jobStatus = z
  .enum(JOB_STATUSES)
  .describe('`completed` also when some pages failed; `failed` when none came back.');
export const jobKind = z.enum(JOB_KINDS);

export const jobListQuery = z.strictObject({
  status: jobStatus.optional(),
  kind: jobKind.optional(),
  limit: limitParameter(100, 20),
  cursor: cursorParameter,
});
export const jobQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, 'must be a number of seconds')
    .transform(Number)
    .refine((n) => n <= MAX_WAIT_SECONDS, `must be at most ${MAX_WAIT_SECONDS}`)
    .default(0)
    .meta({
      description: 'Hold the answer until the job has ended, for at most this many seconds.',
      shownAs: { type: 'number', minimum: 0, maximum: MAX_WAIT_SECONDS, default: 0 },
    }),
  result: z.enum(['true', 'false']).default('true').describe('`false` leaves the result out.'),
});
export const pageListQuery = z.strictObject({
  status: z
    .enum(SETTLED_PAGE_STATUSES)
    .optional()
    .describe('Only pages with this status. Give it again with each cursor.'),
  limit: limitParameter(100, 20),
  cursor: cursorParameter,
});

export const mapQuery = z.strictObject({
  format: z
    .enum(['json', 'jsonl'])
    .default('json')
    .describe('`jsonl`: a URL on each line, and nothing else.'),
});

export const resultQuery = z.strictObject({
  format: z
    .enum(RESULT_FORMATS)
    .default('json')
    .describe(
      '`jsonl`: a page block on each line. `csv`: a row for each page, with a column for each of `fields`; ' +
        'of a map a row for each URL.',
    ),
});
