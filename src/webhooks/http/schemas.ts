import { z } from 'zod';
import { ATTEMPT_TRIGGERS, DELIVERY_EVENTS, DELIVERY_STATUSES } from '../../database/enumerations.ts';
import { listOf, named, time, timestamp } from '../../http/schemas.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { ATTEMPT_ERRORS, type AttemptError } from '../send/attempt-errors.ts';
import { webhookHeaders } from './webhook-headers.ts';

const url = z.string().trim().max(8192);

export const deliveryStatus = z
  .enum(DELIVERY_STATUSES)
  .describe('`exhausted`: the whole retry schedule failed; `cancelled`: its owner took it out of the queue.');

export const deliveryEvent = z.enum(DELIVERY_EVENTS);

export const deliveryListQuery = z.strictObject({
  status: deliveryStatus.optional(),
  job_id: z.string().max(100).optional(),
  webhook_url: url.optional(),
  since: time.optional().describe('Created at or after this time.'),
  until: time.optional().describe('Created before this time.'),
  limit: limitParameter(100, 20),
  cursor: cursorParameter,
});
export const recoverBody = named(
  'RecoverRequest',
  z.strictObject({
    since: time.describe('Deliveries created at or after this time …'),
    until: time.optional().describe('… and before this one.'),
    webhook_url: url.optional().describe('Only those to this URL.'),
    dry_run: z.boolean().default(false).describe('Only count them.'),
  }),
);
export const testWebhookBody = named(
  'TestWebhookRequest',
  z.strictObject({ webhook_url: url, webhook_headers: webhookHeaders }),
);

const attemptError = z
  .enum(Object.keys(ATTEMPT_ERRORS) as [AttemptError])
  .describe('Why the attempt failed, from the list at /docs/errors.');
const milliseconds = z.number().min(0).nullable();

const attempt = named(
  'Attempt',
  z.strictObject({
    number: z.int().min(1),
    trigger: z.enum(ATTEMPT_TRIGGERS),
    started_at: timestamp,
    finished_at: timestamp.nullable().describe('Null while it runs, or where the service died in between.'),
    status_code: z.int().nullable(),
    error: attemptError.nullable(),
    error_detail: z
      .string()
      .nullable()
      .describe(
        'For `tls_failed` the fault, like `certificate_expired`; for `blocked_target` the rule, like ' +
          '`address_not_public`; for `redirect` the URL that it leads to.',
      ),
    duration_ms: milliseconds,
    dns_ms: milliseconds.describe('Null on a connection that was kept alive, like the next two.'),
    connect_ms: milliseconds,
    tls_ms: milliseconds,
    first_byte_ms: milliseconds,
    bytes_sent: z.int().nullable(),
    response_body: z.string().nullable().describe('The first KiB of what the receiver answered, decoded.'),
  }),
);

const deliveryFields = {
  id: z.string(),
  job_id: z.string().nullable().describe('Null for a test.'),
  event: deliveryEvent,
  webhook_url: z.string(),
  status: deliveryStatus,
  attempts: z.int().min(0),
  last_status: z.int().nullable().describe('The HTTP status of the last attempt.'),
  last_error: attemptError.nullable(),
  next_attempt_at: timestamp.nullable(),
  body_bytes: z.int().nullable(),
  created_at: timestamp,
  finished_at: timestamp.nullable(),
};
export const deliveryList = named(
  'DeliveryList',
  listOf(named('DeliverySummary', z.strictObject(deliveryFields))),
);
export const deliveryAnswer = named(
  'Delivery',
  z.strictObject({
    ...deliveryFields,
    attempt_log: z.array(attempt).describe('Every attempt, the first one first.'),
  }),
);
export const recoverAnswer = named(
  'Recovered',
  z.strictObject({ deliveries: z.int().min(0).describe('How many are sent again.'), dry_run: z.boolean() }),
);

const endpointFields = {
  endpoint: z.string().describe('Host and port, like `hooks.example.com:443`.'),
  status: z
    .enum(['active', 'backing_off', 'paused'])
    .describe(
      '`backing_off`: it failed again and again, and is only probed until it answers. Nothing is dropped.',
    ),
  paused_at: timestamp.nullable(),
  resting_until: timestamp.nullable(),
  attempts: z.int().min(0).describe('In the last 24 hours, like the next fields.'),
  success_rate: z.number().min(0).max(1).nullable(),
  p95_ms: z.number().nullable(),
  last_status: z.int().nullable(),
  last_error: attemptError.nullable(),
  last_attempt_at: timestamp.nullable(),
  in_flight: z.int().min(0),
  concurrency: z
    .int()
    .min(1)
    .describe(
      'The most requests under way at once. Grows while the endpoint keeps up, shrinks when it does not.',
    ),
  backlog: z.int().min(0).describe('Deliveries that wait or are under way.'),
  oldest_due_at: timestamp.nullable(),
};
const endpoint = named('Endpoint', z.strictObject(endpointFields));
export const endpointList = named('EndpointList', listOf(endpoint));
/** An endpoint of which nothing more is known has only its name and status. */
const changedEndpoint = z.strictObject(endpointFields).partial().required({ endpoint: true, status: true });
export const endpointAnswer = named('ChangedEndpoint', changedEndpoint);
export const cancelPendingAnswer = named(
  'CancelledPending',
  changedEndpoint.extend({ cancelled: z.int().min(0).describe('How many deliveries were taken out.') }),
);
