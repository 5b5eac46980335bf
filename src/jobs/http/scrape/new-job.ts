import type { RouteRequest } from '../../../http/route/route.ts';
import type { Caller } from '../../../http/locals.ts';
import { createJob, type NewJob } from '../../create.ts';
import { requestDigest } from '../../idempotency.ts';
import type { JobContext } from '../context.ts';

/** What a route says of the job that it creates; the rest comes from the request. */
export type JobFields = Pick<NewJob, 'kind' | 'lane' | 'sync' | 'urls' | 'options'> &
  Partial<
    Pick<NewJob, 'metadata' | 'webhook_url' | 'webhook_payload' | 'webhook_headers' | 'webhook_events'>
  >;

export type ScrapeRequest = RouteRequest<unknown, unknown, unknown, Caller>;

/**
 * Creates the job of a request, once for each Idempotency-Key. `repeated`: an earlier request with
 * the key made it.
 */
export async function createRequestedJob(
  request: ScrapeRequest,
  context: JobContext,
  fields: JobFields,
): Promise<{ job_id: string; repeated: boolean }> {
  const { account, requestId, traceparent, idempotencyKey, path, bytes } = request;
  const created = await createJob(context, {
    metadata: null,
    webhook_url: null,
    webhook_payload: 'full',
    webhook_headers: null,
    webhook_events: [],
    ...fields,
    account_id: account.id,
    request_id: requestId,
    traceparent,
    idempotency:
      idempotencyKey === null ? null : { key: idempotencyKey, request_sha256: requestDigest(path, bytes) },
  });
  const facts = {
    request_id: requestId,
    job_id: created.job_id,
    kind: fields.kind,
    pages: fields.urls.length,
  };
  if (!created.repeated) context.log.info(facts, 'job created');
  return created;
}
