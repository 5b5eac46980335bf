import { z } from 'zod';
import { listOf, named, timestamp } from '../../http/operation.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { deliveryEvent, time } from '../../webhooks/http/schemas.ts';

export const callbackListQuery = z.strictObject({
  since: time.describe('Those that came up at or after this time.'),
  limit: limitParameter(1000, 100),
  cursor: cursorParameter,
});

const callback = named(
  'Callback',
  z.strictObject({
    id: z.string().describe('The delivery’s; where the job has no `webhook_url`, the job’s.'),
    job_id: z.string().nullable().describe('Null for a test.'),
    event: deliveryEvent,
    webhook_url: z.string().nullable(),
    at: timestamp,
  }),
);
export const callbackList = named('CallbackList', listOf(callback));
export const callbackRequest = named(
  'CallbackRequest',
  z.strictObject({
    headers: z
      .record(z.string(), z.string())
      .describe(
        'Every header of the first attempt that is not the connection’s or a trace’s, freshly signed.',
      ),
    body: z.string().describe('The raw body: its UTF-8 bytes are what is signed.'),
  }),
);
