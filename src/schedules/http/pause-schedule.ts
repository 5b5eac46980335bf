import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { pauseSchedule as pause } from '../schedules.ts';
import { scheduleText } from '../view.ts';
import { requireLocked } from './find-schedule.ts';
import { scheduleAnswer } from './schemas.ts';

export const pauseSchedule = route({
  id: 'pauseSchedule',
  method: 'post',
  path: '/v1/schedules/{schedule_id}/pause',
  tag: 'Schedules',
  summary: 'Hold a schedule',
  description: 'It does not run until it is resumed. A run that goes on is not changed.',
  access: 'account',
  audit: 'schedule.pause',
  answers: { 200: { description: 'The schedule, paused.', schema: scheduleAnswer } },
  async handle({ account, params }, { db, box }: JobContext) {
    const schedule = await db.transaction().execute(async (tx) => {
      const locked = await requireLocked(tx, account.id, params.schedule_id);
      return await pause(tx, locked);
    });
    return { body: await scheduleText(db, box, schedule) };
  },
});
