import { route } from '../../../http/route/route.ts';
import { ServiceError } from '../../../service-error.ts';
import { cancelJob as cancel } from '../../progress/cancel.ts';
import { describeJob } from '../../read/describe.ts';
import { jobText } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { jobAnswer } from '../schemas/answers.ts';
import { requireJob } from './find-job.ts';

export const cancelJob = route({
  id: 'cancelJob',
  method: 'post',
  path: '/v1/jobs/{job_id}/cancel',
  tag: 'Jobs',
  summary: 'Stop a job',
  description: 'The webhook still fires, with `status: "cancelled"` and what was done so far.',
  access: 'account',
  scope: 'scrape',
  audit: 'job.cancel',
  answers: { 200: { description: 'The job as it ended.', schema: jobAnswer } },
  problems: ['already_finished'],
  async handle({ account, params }, context: JobContext) {
    const { db } = context;
    const { id } = await requireJob(db, account.id, params.job_id);
    const cancelled = await cancel(context, account.id, id);
    const ended = await requireJob(db, account.id, id);
    if (!cancelled && ended.status !== 'cancelled')
      throw new ServiceError('already_finished', 'The job ended before it could be cancelled.');
    return { body: jobText(ended, await describeJob(db, ended)) };
  },
});
