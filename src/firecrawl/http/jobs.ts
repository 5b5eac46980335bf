import { z } from 'zod';
import type { JobKind } from '../../database/enumerations.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { route, type Route } from '../../http/route/route.ts';
import { findJob, type Job } from '../../jobs/read/jobs.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { beginDownload } from '../../jobs/http/downloads.ts';
import { cancelJob } from '../../jobs/progress/cancel.ts';
import { notFound, ServiceError } from '../../service-error.ts';
import { jobErrors } from '../job-errors.ts';
import { jobStatus } from '../job-status.ts';

const MAX_DOCUMENTS = 100;
const query = z.strictObject({ limit: limitParameter(1000, MAX_DOCUMENTS), cursor: cursorParameter });

const KINDS: JobKind[] = ['batch', 'crawl'];

/** Clients read batches under the path of crawls, too. */
async function requireJob({ db }: JobContext, accountId: string, id: string): Promise<Job> {
  const job = await findJob(db, accountId, id);
  if (!job || !KINDS.includes(job.kind)) throw notFound('job');
  return job;
}

/**
 * The routes that read and cancel jobs and list their errors, as Firecrawl has them under `path`.
 */
export function jobRoutes(path: string): Route<JobContext>[] {
  const common = { tag: 'Jobs', access: 'account' } as const;
  const id = `firecrawl${path.replaceAll('/', '_')}`;
  return [
    route({
      ...common,
      id: `${id}_read`,
      method: 'get',
      path: `${path}/{id}`,
      summary: 'How it stands, with its documents',
      query,
      answers: { 200: { description: 'The job.' } },
      async handle({ account, params, query: { limit, cursor }, origin, signal }, context: JobContext) {
        const job = await requireJob(context, account.id, (params as { id: string }).id);
        await beginDownload(account.id, signal);
        const { retentionDays } = context.config;
        return { json: await jobStatus(context.db, job, { path, origin, limit, cursor, retentionDays }) };
      },
    }),
    route({
      ...common,
      id: `${id}_errors`,
      method: 'get',
      path: `${path}/{id}/errors`,
      summary: 'The pages that did not come back',
      answers: { 200: { description: 'The errors.' } },
      async handle({ account, params }, context: JobContext) {
        const job = await requireJob(context, account.id, (params as { id: string }).id);
        return { json: await jobErrors(context.db, job) };
      },
    }),
    route({
      ...common,
      id: `${id}_cancel`,
      method: 'delete',
      path: `${path}/{id}`,
      scope: 'scrape',
      audit: 'job.cancel',
      summary: 'Stop it',
      answers: { 200: { description: 'It is cancelled.' } },
      async handle({ account, params }, context: JobContext) {
        const job = await requireJob(context, account.id, (params as { id: string }).id);
        if (!(await cancelJob(context, account.id, job.id)) && job.status !== 'cancelled')
          throw new ServiceError('already_finished', 'The job ended before it could be cancelled.');
        return { json: { success: true, status: 'cancelled' } };
      },
    }),
  ];
}
