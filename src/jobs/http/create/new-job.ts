import type { RouteRequest } from '../../../http/route/route.ts';
import type { Caller } from '../../../http/locals.ts';
import type { Config } from '../../../config/index.ts';
import { invalidField } from '../../../service-error.ts';
import { createJob, type CreatedJob, type NewJob } from '../../create.ts';
import { requestDigest } from '../../idempotency.ts';
import type { JobContext } from '../context.ts';
import { checkProxy } from './check-proxy.ts';

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
  const created = await createJob(context, await newJob(context, fields, originOf(request)));
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

/**
 * The job to create, with defaults for the fields that the request leaves out. Throws ServiceError
 * `validation_failed` where the installation cannot do what they ask for.
 */
export async function newJob(
  context: Pick<JobContext, 'config' | 'egress'>,
  fields: JobFields,
  origin: JobOrigin,
): Promise<NewJob> {
  await checkProxy(context, fields.options.proxy);
  return {
    metadata: null,
    webhook_url: null,
    webhook_payload: 'full',
    webhook_headers: null,
    webhook_events: [],
    finish_within: null,
    ...fields,
    options: withBrowser(fields.options, context.config),
    ...origin,
  };
}

/**
 * The options, with what a rendered page costs. Where there is no browser, `render: "auto"` renders
 * nothing. Throws ServiceError `validation_failed` where a page cannot be rendered as asked.
 */
function withBrowser(
  options: NewJob['options'],
  { browser, renderCredits }: Pick<Config, 'browser' | 'renderCredits'>,
): NewJob['options'] {
  if (options.rendering === null) return options;
  if (browser === null && options.render === true)
    throw invalidField(
      'render',
      'there is no browser here. Install Chromium (apt-get install chromium), or set CHROMIUM_PATH or ' +
        'BROWSER_URL: see /docs/manual/rendering',
    );
  return { ...options, rendering: { ...options.rendering, credits: browser === null ? 1 : renderCredits } };
}
