import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { resumeSchedule as resume } from '../schedules.ts';
import { scheduleText } from '../view.ts';
import { requireLocked } from './find-schedule.ts';
import { scheduleAnswer } from './schemas.ts';

export const resumeSchedule = route({
  id: 'resumeSchedule',
  method: 'post',
  path: '/v1/schedules/{schedule_id}/resume',
  tag: 'Schedules',
  summary: 'Let a paused schedule run again',
  description:
    'It runs at its next time, for as long as this key works: also one that is not paused. Nothing is made up ' +
    'for.',
  access: 'account',
  audit: 'schedule.resume',
  answers: { 200: { description: 'The schedule, active again.', schema: scheduleAnswer } },
  async handle({ account, params }, { db, box }: JobContext) {
    const schedule = await db.transaction().execute(async (tx) => {
      const locked = await requireLocked(tx, account.id, params.schedule_id);
      return await resume(tx, locked, account.keyId);
    });
    return { body: await scheduleText(db, box, schedule) };
  },
});
