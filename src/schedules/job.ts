import type { ScheduleKind } from '../database/enumerations.ts';
import type { JobContext } from '../jobs/http/context.ts';
import { jobOfGiven, type GivenJob, type JobBody } from '../jobs/http/create/job-body.ts';
import type { JobOrigin } from '../jobs/http/create/new-job.ts';
import type { NewJob } from '../jobs/create.ts';
import { ServiceError } from '../service-error.ts';

/**
 * The job that a schedule runs. Throws ServiceError `validation_failed` with paths under `job`,
 * where a URL in it or its webhook cannot be used.
 */
export async function jobOf(context: JobContext, given: GivenJob, origin: JobOrigin): Promise<NewJob> {
  try {
    return await jobOfGiven(context, given, origin);
  } catch (error) {
    throw error instanceof ServiceError ? underJob(error) : error;
  }
}

function underJob(error: ServiceError): ServiceError {
  const errors = error.errors?.map(({ path, message }) => ({ path: `job.${path}`, message }));
  const [first] = errors ?? [];
  const message = first ? `${first.path}: ${first.message}` : error.message;
  return new ServiceError(error.code, message, { ...(errors && { errors }), cause: error });
}

/** The kind and the URL that a schedule's row shows. */
export function summaryOf(body: JobBody): { kind: ScheduleKind; url: string } {
  return { kind: body.kind, url: body.kind === 'batch' ? String(body.urls[0]) : body.url };
}

/**
 * A job as a schedule keeps it: as a value, its metadata would lose digits and the order of its
 * names.
 */
export function storedJob({ body, metadata }: GivenJob): string {
  const { metadata: _value, ...rest } = body;
  return JSON.stringify({ ...rest, metadata_text: metadata });
}

/**
 * What a schedule keeps of its job: its body without metadata, still to be validated, and the
 * metadata.
 */
export interface OpenJob {
  given: Record<string, unknown>;
  metadata: string | null;
}

/** Reads what `storedJob` has made. */
export function openJob(stored: string): OpenJob {
  const { metadata_text, metadata, ...given } = JSON.parse(stored) as Record<string, unknown>;
  // Those of before the text was kept have the value.
  if (metadata_text === undefined)
    return { given, metadata: metadata === undefined ? null : JSON.stringify(metadata) };
  return { given, metadata: metadata_text as string | null };
}

/** The body of a schedule's job as it was given, without what may be a credential. */
export function shownJob(given: Record<string, unknown>): Record<string, unknown> {
  const { headers, cookies, webhook_headers, proxy, actions, ...rest } = given;
  return {
    ...rest,
    ...(headers === undefined ? {} : { headers: namesOf(headers) }),
    ...(webhook_headers === undefined ? {} : { webhook_headers: namesOf(webhook_headers) }),
    ...(cookies === undefined
      ? {}
      : { cookies: (cookies as object[]).map((one) => ({ ...one, value: HIDDEN })) }),
    ...(proxy === undefined ? {} : { proxy: typeof proxy === 'string' ? proxy : { url: HIDDEN } }),
    ...(actions === undefined ? {} : { actions: (actions as object[]).map(withoutTyped) }),
  };
}

/** Stands for a value that may be a credential. */
const HIDDEN = '…';

const namesOf = (headers: unknown) =>
  Object.fromEntries(Object.keys(headers as object).map((name) => [name, HIDDEN]));

const withoutTyped = (action: object) => ('value' in action ? { ...action, value: HIDDEN } : action);
