import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { requireJob } from './find-job.ts';
import { EVENT_HEADERS, jobEvents } from './job-events.ts';

export const watchJob = route({
  id: 'watchJob',
  method: 'get',
  path: '/v1/jobs/{job_id}/events',
  tag: 'Jobs',
  summary: 'Watch a job until it ends',
  description:
    'Server-sent events: `progress` whenever a count changes, and last an event named for how the ' +
    'job ended. The data is the job without its result.',
  access: 'account',
  answers: { 200: { description: 'A stream of events.', contentType: 'text/event-stream' } },
  async handle({ account, params, signal }, { db, waiter }: JobContext) {
    const job = await requireJob(db, account.id, params.job_id);
    const gone = AbortSignal.any([signal, waiter.stopping]);
    const allowed = () => waiter.watched.keyWorks(account.keyId);
    return { headers: EVENT_HEADERS, body: jobEvents(waiter.watched, job, { gone, allowed }) };
  },
});
