import type { WebhookPayload } from '../../../database/enumerations.ts';
import type { Reply } from '../../../http/route/reply.ts';
import type { RouteDescription } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { queuedAnswer } from '../schemas/answers.ts';
import type { AsyncFields } from '../schemas/requests.ts';
import { createRequestedJob, type JobFields, type ScrapeRequest } from './new-job.ts';

/** The webhook_url of the examples. */
export const HOOK = 'https://yourapp.com/hooks/ollagraph';

const KIB = 1024;
/** The metadata of a request comes back byte for byte. */
export const METADATA = { metadata: 16 * KIB };

/** What the asynchronous routes answer. */
export const QUEUED: RouteDescription['answers'] = {
  202: {
    description: 'Queued. One signed POST to `webhook_url` follows when the job ends.',
    schema: queuedAnswer,
    headers: { Location: 'Where the job can be read.' },
  },
};

/** The fields of a request's body that concern its webhook. */
export type QueueFields = Omit<AsyncFields, 'webhook_payload'> & { webhook_payload: WebhookPayload };

/** The webhook that a request's body asks for. */
export function queuedFields({
  webhook_url,
  webhook_payload,
  webhook_headers,
  webhook_events,
  finish_within,
}: QueueFields) {
  return {
    sync: false,
    webhook_url: webhook_url ?? null,
    webhook_payload,
    webhook_headers: webhook_headers ?? null,
    webhook_events: [...new Set(webhook_events)],
    finish_within: finish_within ?? null,
  };
}

/** Queues a job and answers with its id. */
export async function queue(
  request: ScrapeRequest & { body: QueueFields },
  context: JobContext,
  fields: Omit<JobFields, 'sync'>,
): Promise<Reply> {
  const { job_id, estimated_seconds } = await createRequestedJob(request, context, {
    ...fields,
    ...queuedFields(request.body),
    metadata: request.verbatim.metadata ?? null,
  });
  const json = { status: 'queued', job_id, estimated_seconds };
  return { status: 202, headers: { Location: `/v1/jobs/${job_id}` }, json };
}
