import type { RouteRequest } from '../../../http/route/route.ts';
import type { Caller } from '../../../http/locals.ts';
import type { Config } from '../../../config/index.ts';
import { createJob, type CreatedJob, type NewJob } from '../../create.ts';
import { requestDigest } from '../../idempotency.ts';
import type { JobContext } from '../context.ts';
import { checkJob } from './check-job.ts';

/** What a route says of the job that it creates; the rest comes from the request. */
export type JobFields = Pick<NewJob, 'kind' | 'lane' | 'sync' | 'urls' | 'options'> &
  Partial<
    Pick<
      NewJob,
      'metadata' | 'webhook_url' | 'webhook_payload' | 'webhook_headers' | 'webhook_events' | 'finish_within'
    >
  >;

export type ScrapeRequest = RouteRequest<unknown, unknown, unknown, Caller>;

/**
 * Creates the job of a request, once for each Idempotency-Key. `repeated`: an earlier request with
 * the key created it.
 */
export async function createRequestedJob(
  request: ScrapeRequest,
  context: JobContext,
  fields: JobFields,
): Promise<CreatedJob> {
  const { requestId } = request;
  const job = newJob(context.config, fields, originOf(request));
  await checkJob(context, job);
  const created = await createJob(context, job);
  const facts = {
    request_id: requestId,
    job_id: created.job_id,
    kind: fields.kind,
    pages: fields.urls.length,
  };
  if (!created.repeated) context.log.info(facts, 'job created');
  return created;
}

/** Whose job it is, and what asked for it. */
export type JobOrigin = Pick<NewJob, 'account_id' | 'by' | 'request_id' | 'traceparent' | 'idempotency'>;

/** The origin of a job that a request creates. */
export function originOf(request: ScrapeRequest): JobOrigin {
  const { account, requestId, ip, traceparent, idempotencyKey, path, bytes } = request;
  return {
    account_id: account.id,
    by: { kind: 'key', key_id: account.keyId, ip },
    request_id: requestId,
    traceparent,
    idempotency:
      idempotencyKey === null ? null : { key: idempotencyKey, request_sha256: requestDigest(path, bytes) },
  };
}

type BrowserConfig = Pick<Config, 'browser' | 'renderCredits'>;

/** The job to create, with defaults for the fields that the request leaves out. */
export function newJob(config: BrowserConfig, fields: JobFields, origin: JobOrigin): NewJob {
  return {
    metadata: null,
    webhook_url: null,
    webhook_payload: 'full',
    webhook_headers: null,
    webhook_events: [],
    finish_within: null,
    ...fields,
    options: withBrowser(fields.options, config),
    ...origin,
  };
}

/**
 * The options, with what a rendered page costs. Where there is no browser, `render: "auto"` renders
 * nothing.
 */
function withBrowser(
  options: NewJob['options'],
  { browser, renderCredits }: BrowserConfig,
): NewJob['options'] {
  if (options.rendering === null) return options;
  return { ...options, rendering: { ...options.rendering, credits: browser === null ? 1 : renderCredits } };
}
