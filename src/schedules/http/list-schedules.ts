import type { Context } from '../../context.ts';
import { pageOf, shortListQuery } from '../../http/pagination.ts';
import { route } from '../../http/route/route.ts';
import { listScheduleViews } from '../view.ts';
import { scheduleList } from './schemas.ts';

export const listSchedules = route({
  id: 'listSchedules',
  method: 'get',
  path: '/v1/schedules',
  tag: 'Schedules',
  summary: 'List schedules, newest first',
  description: 'Without their jobs, each with its latest run.',
  access: 'account',
  scope: 'jobs:read',
  query: shortListQuery,
  answers: { 200: { description: 'The schedules.', schema: scheduleList } },
  async handle({ account, query }, { db }: Pick<Context, 'db'>) {
    const all = await listScheduleViews(db, account.id);
    return { json: pageOf(all, query, { keyOf: ({ schedule_id }) => schedule_id, order: 'descending' }) };
  },
});
