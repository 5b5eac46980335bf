import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { scheduleText } from '../view.ts';
import { requireSchedule } from './find-schedule.ts';
import { scheduleAnswer } from './schemas.ts';

export const readSchedule = route({
  id: 'readSchedule',
  method: 'get',
  path: '/v1/schedules/{schedule_id}',
  tag: 'Schedules',
  summary: 'Read a schedule',
  description: 'With its job and its latest run.',
  access: 'account',
  scope: 'jobs:read',
  answers: { 200: { description: 'The schedule.', schema: scheduleAnswer } },
  async handle({ account, params }, { db, box }: JobContext) {
    const schedule = await requireSchedule(db, account.id, params.schedule_id);
    return { body: await scheduleText(db, box, schedule) };
  },
});
