import { z } from 'zod';
import type { NewJob } from '../../create.ts';
import type { JobContext } from '../context.ts';
import {
  batchAsyncSchema,
  crawlOptions,
  crawlSchema,
  scrapeAsyncSchema,
  scrapeOptions,
} from '../schemas/requests.ts';
import { checkJob } from './check-job.ts';
import { newJob, type JobFields, type JobOrigin } from './new-job.ts';
import { queuedFields } from './queue.ts';
import { requireUrls } from './require-urls.ts';

/** A job that is queued later or elsewhere: its kind, and the body of the route of its kind. */
export const jobSchema = z.discriminatedUnion('kind', [
  scrapeAsyncSchema.safeExtend({ kind: z.literal('scrape') }),
  batchAsyncSchema.safeExtend({ kind: z.literal('batch') }),
  crawlSchema.safeExtend({ kind: z.literal('crawl') }),
]);
export type JobBody = z.infer<typeof jobSchema>;

/** The body of a job, and the metadata in it as it came, as JSON text. */
export interface GivenJob {
  body: JobBody;
  metadata: string | null;
}

/**
 * The job of a body, as it is to be created. Throws ServiceError `validation_failed` where a URL in
 * it or its webhook cannot be used.
 */
export async function jobOfGiven(
  context: JobContext,
  { body, metadata }: GivenJob,
  origin: JobOrigin,
): Promise<NewJob> {
  const fields = { ...(await fieldsOf(body)), ...queuedFields(body), metadata };
  const job = newJob(context.config, fields, origin);
  await checkJob(context, job);
  return job;
}

async function fieldsOf(body: JobBody): Promise<Pick<JobFields, 'kind' | 'lane' | 'urls' | 'options'>> {
  if (body.kind === 'crawl')
    return { kind: 'crawl', lane: 'bulk', urls: [body.url], options: crawlOptions(body) };
  const options = scrapeOptions(body);
  if (body.kind === 'scrape') return { kind: 'scrape', lane: 'interactive', urls: [body.url], options };
  return { kind: 'batch', lane: 'bulk', urls: await requireUrls(body.urls, body.invalid_urls), options };
}
