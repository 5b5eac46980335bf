import { z } from 'zod';
import { ENDED_JOB_STATUSES } from '../../../database/enumerations.ts';
import { named } from '../../../http/schemas.ts';
import { batchResult, count, counts, cutShort, metadata, pageBlock, runFields } from './answers.ts';

/** The bodies of callbacks, by event. */
export const callbacks = {
  'job.completed': named(
    'JobCompleted',
    z
      .strictObject({
        job_id: z.string().describe('Take it as an idempotency key: a repeated delivery carries the same.'),
        status: z.enum(ENDED_JOB_STATUSES),
        ...runFields,
        result: z
          .union([
            pageBlock,
            batchResult,
            z.strictObject({ ...counts, pages_url: z.string().describe('Where the pages can be read.') }),
          ])
          .describe(
            'What the synchronous route answers with; the last form is that of `webhook_payload: summary`.',
          ),
        cut_short: cutShort,
        metadata,
        test: z.literal(true).optional().describe('Only in a test delivery.'),
      })
      .describe('The one POST with which a job ends.'),
  ),
  'job.started': named(
    'JobStarted',
    z
      .strictObject({
        event: z.literal('job.started'),
        job_id: z.string(),
        status: z.literal('running'),
        metadata,
      })
      .describe('The first page was taken. Only where `webhook_events` asks for it.'),
  ),
  'job.page': named(
    'JobPage',
    z
      .strictObject({
        event: z.literal('job.page'),
        job_id: z.string(),
        page_index: count,
        page: pageBlock,
        metadata,
      })
      .describe('A page is done. Only where `webhook_events` asks for it.'),
  ),
  'job.pages': named(
    'JobPages',
    z
      .strictObject({
        event: z.literal('job.pages'),
        job_id: z.string(),
        pages: z.array(z.strictObject({ page_index: count, page: pageBlock })),
        metadata,
      })
      .describe(
        'Several pages that cost nothing, because they failed or were skipped. Takes the place of ' +
          'their `job.page` once a job has had twenty such pages.',
      ),
  ),
};
