import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { deleteAndCancel } from '../delete.ts';
import { requireSchedule } from './find-schedule.ts';

export const deleteSchedule = route({
  id: 'deleteSchedule',
  method: 'delete',
  path: '/v1/schedules/{schedule_id}',
  tag: 'Schedules',
  summary: 'Delete a schedule',
  description:
    'Its runs, and what it knows of pages, go with it. A run that goes on is cancelled. The jobs of ' +
    'earlier runs stay.',
  access: 'account',
  audit: 'schedule.delete',
  answers: { 204: { description: 'The schedule is gone.' } },
  async handle({ account, params }, context: JobContext) {
    await deleteAndCancel(context, await requireSchedule(context.db, account.id, params.schedule_id));
    return { status: 204 };
  },
});
