import { isUnchanged } from '../../../http/conditions.ts';
import { route } from '../../../http/route/route.ts';
import { ServiceError } from '../../../service-error.ts';
import { describeJob } from '../../read/describe.ts';
import { jobETag, jobText, type Job } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { jobWithResultText } from '../result-text.ts';
import { jobAnswer } from '../schemas/answers.ts';
import { jobQuery } from '../schemas/queries.ts';
import { requireJob } from './find-job.ts';

export const readJob = route({
  id: 'readJob',
  method: 'get',
  path: '/v1/jobs/{job_id}',
  tag: 'Jobs',
  summary: 'Read a job, or wait for it',
  description:
    'Once the job has ended the answer has the `result` that its webhook carries, byte for byte, ' +
    'and a strong `ETag`: send it back in `If-None-Match` for a 304.',
  access: 'account',
  query: jobQuery,
  answers: {
    200: { description: 'The job.', schema: jobAnswer, headers: { ETag: 'Names this version of the job.' } },
    304: { description: 'The job is as `If-None-Match` says.' },
  },
  problems: ['precondition_failed'],
  async handle({ account, params, query, headers, signal }, { db, waiter }: JobContext) {
    let job = await requireJob(db, account.id, params.job_id);
    if (query.wait > 0 && job.finished_at === null) {
      const gone = AbortSignal.any([signal, waiter.stopping]);
      await waiter.wait(account.id, job.id, query.wait * 1000, gone);
      if (!(await waiter.watched.keyWorks(account.keyId)))
        throw new ServiceError('unauthorized', 'This key was revoked in the meantime.');
      job = await requireJob(db, account.id, job.id);
    }
    const withResult = query.result === 'true';
    const description = await describeJob(db, job);
    const sent = {
      'Cache-Control': 'private, no-cache',
      ...etagHeader(job, description.delivery?.status, withResult),
    };
    if (isUnchanged(headers, sent.ETag)) return { status: 304, headers: sent };
    if (job.finished_at === null || !withResult) return { headers: sent, body: jobText(job, description) };
    await beginDownload(account.id, signal);
    return { headers: sent, body: jobWithResultText(db, job, description) };
  },
});

/** Only an ended job has an ETag. */
function etagHeader(job: Job, deliveryStatus: string | undefined, withResult: boolean): { ETag?: string } {
  return job.finished_at === null ? {} : { ETag: jobETag(job, deliveryStatus ?? null, withResult) };
}
