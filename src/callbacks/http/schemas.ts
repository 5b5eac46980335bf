import { z } from 'zod';
import { listOf, named, time, timestamp } from '../../http/schemas.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { deliveryEvent } from '../../webhooks/http/schemas.ts';

export const callbackListQuery = z.strictObject({
  since: time.describe('Callbacks of this time or later.'),
  limit: limitParameter(1000, 100),
  cursor: cursorParameter,
});

const callback = named(
  'Callback',
  z.strictObject({
    id: z.string().describe('The id of the delivery, or of the job where it has no `webhook_url`.'),
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
        'The headers of the first attempt, freshly signed, without those of the connection and of traces.',
      ),
    body: z.string().describe('The raw body: its UTF-8 bytes are what is signed.'),
  }),
);
