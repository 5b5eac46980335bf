import { z } from 'zod';
import { ENDED_JOB_STATUSES } from '../../../database/enumerations.ts';
import { named, timestamp } from '../../../http/schemas.ts';
import { batchResult, count, counts, cutShort, metadata, pageBlock, runFields } from './answers.ts';

/** The result of `webhook_payload: link`. */
const linkedResult = z.strictObject({
  ...counts,
  url: z.string().describe('Where the pages are downloaded, without a key. Whoever has it can read them.'),
  length: count.describe('The bytes that come from there.'),
  sha256: z.string().describe('Of these bytes, in hex.'),
  expires_at: timestamp.describe('Until when they can be downloaded.'),
  format: z.literal('jsonl').describe('A page block on each line.'),
});

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
            linkedResult,
          ])
          .describe(
            'What the synchronous route answers with; the last two forms are those of `webhook_payload`: ' +
              '`summary` and `link`.',
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
