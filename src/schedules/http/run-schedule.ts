import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { originOf } from '../../jobs/http/create/new-job.ts';
import { runNow } from '../runs/run-now.ts';
import { requireSchedule } from './find-schedule.ts';
import { startedAnswer } from './schemas.ts';

export const runSchedule = route({
  id: 'runSchedule',
  method: 'post',
  path: '/v1/schedules/{schedule_id}/run',
  tag: 'Schedules',
  summary: 'Run a schedule now',
  description: 'Besides its times, and also while it is paused or has ended.',
  access: 'account',
  audit: 'schedule.run',
  idempotent: true,
  answers: { 202: { description: 'The run has begun.', schema: startedAnswer } },
  problems: ['already_running'],
  async handle(request, context: JobContext) {
    const { account, params } = request;
    const schedule = await requireSchedule(context.db, account.id, params.schedule_id);
    const { run, job_id, repeated } = await runNow(context, schedule, originOf(request));
    const json = { schedule_id: schedule.id, run, job_id };
    return { status: 202, json, ...(repeated && { audited: null }) };
  },
});
