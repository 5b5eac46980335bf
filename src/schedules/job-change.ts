import { jobSchema, type JobBody } from '../jobs/http/create/job-body.ts';
import { crawlOptions, scrapeOptions } from '../jobs/http/schemas/requests.ts';
import { cacheKeysFor } from '../jobs/options.ts';
import { openJob, storedJob } from './job.ts';

/** What a change of a schedule's job says of what its earlier runs found. */
export interface JobChange {
  /** Whether the content of a page may be another by now, though the page is the same. */
  content: boolean;
}

/** How a job reports and how fast it is, which says nothing about what it finds. */
const REPORTING = new Set([
  'webhook_url',
  'webhook_payload',
  'webhook_headers',
  'webhook_events',
  'finish_within',
  'max_concurrency',
  'delay_ms',
  'timeout_ms',
]);

/** The change from a job as it was kept to another; null where both find the same. */
export function jobChange(before: Record<string, unknown>, job: JobBody): JobChange | null {
  const after = openJob(storedJob({ body: job, metadata: null })).given;
  if (findingsOf(before) === findingsOf(after)) return null;
  return { content: contentKey(before) !== contentKey(after) };
}

const findingsOf = (given: Record<string, unknown>) =>
  JSON.stringify(Object.entries(given).filter(([name]) => !REPORTING.has(name)));

/**
 * A key of all that the content of a page depends on; null for a job that is no longer accepted.
 */
function contentKey(given: Record<string, unknown>): string | null {
  const { urls } = given;
  const few = Array.isArray(urls) ? { ...given, urls: urls.slice(0, 1) } : given;
  const { data } = jobSchema.safeParse(few);
  if (data === undefined) return null;
  const options = data.kind === 'crawl' ? crawlOptions(data) : scrapeOptions(data);
  return cacheKeysFor(options)('').toString('hex');
}
