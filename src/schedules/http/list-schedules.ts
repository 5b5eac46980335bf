import type { Context } from '../../context.ts';
import { route } from '../../http/route/route.ts';
import { listScheduleViews } from '../view.ts';
import { scheduleList } from './schemas.ts';

export const listSchedules = route({
  id: 'listSchedules',
  method: 'get',
  path: '/v1/schedules',
  tag: 'Schedules',
  summary: 'List schedules, newest first',
  description: 'All of them, without their jobs, each with its latest run.',
  access: 'account',
  scope: 'jobs:read',
  answers: { 200: { description: 'The schedules.', schema: scheduleList } },
  async handle({ account }, { db }: Pick<Context, 'db'>) {
    return { json: { data: await listScheduleViews(db, account.id), next_cursor: null } };
  },
});
