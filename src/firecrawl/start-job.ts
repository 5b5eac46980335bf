import type { Reply } from '../http/route/reply.ts';
import type { JobContext } from '../jobs/http/context.ts';
import type { AsyncFields } from '../jobs/http/schemas/requests.ts';
import type { JobFields, ScrapeRequest } from '../jobs/http/create/new-job.ts';
import { queue } from '../jobs/http/create/queue.ts';

export interface StartedJob {
  /** The validated request in our own form. */
  own: AsyncFields;
  job: Pick<JobFields, 'kind' | 'lane' | 'urls' | 'options'>;
  /** The path under which jobs of its kind are read. */
  path: string;
  /** Further fields of the answer. */
  more?: object;
}

/** Queues a job and answers as Firecrawl does. Its webhook gets Firecrawl's events. */
export async function startJob(
  request: ScrapeRequest,
  context: JobContext,
  { own, job, path, more }: StartedJob,
): Promise<Reply> {
  const metadata = own.metadata === undefined ? undefined : JSON.stringify(own.metadata);
  const asked = {
    ...request,
    body: { ...own, webhook_payload: 'firecrawl' as const },
    verbatim: { metadata },
    idempotencyKey: keyOf(request),
  };
  const { json } = await queue(asked, context, job);
  const { job_id } = json as { job_id: string };
  return { json: { success: true, id: job_id, url: `${path}/${job_id}`, ...more } };
}

/** Firecrawl's clients send the key in a header of their own. */
function keyOf({ headers, idempotencyKey }: ScrapeRequest): string | null {
  const key = headers['x-idempotency-key'];
  return typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key) ? key : idempotencyKey;
}
