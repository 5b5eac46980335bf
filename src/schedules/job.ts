import { z } from 'zod';
import type { ScheduleKind } from '../database/enumerations.ts';
import type { JobContext } from '../jobs/http/context.ts';
import {
  batchAsyncSchema,
  crawlOptions,
  crawlSchema,
  scrapeAsyncSchema,
  scrapeOptions,
} from '../jobs/http/schemas/requests.ts';
import { newJob, type JobFields, type JobOrigin } from '../jobs/http/create/new-job.ts';
import { queuedFields } from '../jobs/http/create/queue.ts';
import { requireUrls } from '../jobs/http/create/require-urls.ts';
import type { NewJob } from '../jobs/create.ts';
import { ServiceError } from '../service-error.ts';

/** The job that a schedule runs: the body of the route of its kind. */
export const jobSchema = z.discriminatedUnion('kind', [
  scrapeAsyncSchema.safeExtend({ kind: z.literal('scrape') }),
  batchAsyncSchema.safeExtend({ kind: z.literal('batch') }),
  crawlSchema.safeExtend({ kind: z.literal('crawl') }),
]);
export type JobBody = z.infer<typeof jobSchema>;

/** The job of a schedule: its body, and the metadata in it as it came, as JSON text. */
export interface GivenJob {
  body: JobBody;
  metadata: string | null;
}

/**
 * The job to create for a body. Throws ServiceError `validation_failed` with paths under `job`,
 * where a URL in it or its webhook cannot be used.
 */
export async function jobOf(
  context: JobContext,
  { body, metadata }: GivenJob,
  origin: JobOrigin,
): Promise<NewJob> {
  try {
    const fields = { ...(await fieldsOf(body)), ...(await queuedFields(context, body)) };
    return await newJob(context, { ...fields, metadata }, origin);
  } catch (error) {
    throw error instanceof ServiceError ? underJob(error) : error;
  }
}

async function fieldsOf(body: JobBody): Promise<Pick<JobFields, 'kind' | 'lane' | 'urls' | 'options'>> {
  if (body.kind === 'crawl')
    return { kind: 'crawl', lane: 'bulk', urls: [body.url], options: crawlOptions(body) };
  const options = scrapeOptions(body);
  if (body.kind === 'scrape') return { kind: 'scrape', lane: 'interactive', urls: [body.url], options };
  return { kind: 'batch', lane: 'bulk', urls: await requireUrls(body.urls, body.invalid_urls), options };
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

/** A job as a schedule keeps it: as a value, its metadata would lose digits and the order of its names. */
export function storedJob({ body, metadata }: GivenJob): string {
  const { metadata: _value, ...rest } = body;
  return JSON.stringify({ ...rest, metadata_text: metadata });
}

/** What a schedule keeps of its job: its body without metadata, still to be validated, and the metadata. */
export function openJob(stored: string): { given: Record<string, unknown>; metadata: string | null } {
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
