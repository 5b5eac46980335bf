import { route } from '../../http/route/route.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { ServiceError } from '../../service-error.ts';
import { updateSchedule, type Schedule } from '../schedules.ts';
import { changedSettings } from '../settings.ts';
import { fullScheduleView } from '../view.ts';
import { JOB_LIMITS } from './create-schedule.ts';
import { requireLocked, requireSchedule } from './find-schedule.ts';
import { scheduleAnswer, scheduleChange, type ScheduleChangeBody } from './schemas.ts';

/** How often a change is tried where others change the schedule too. */
const TRIES = 5;
const TIMING = ['cron', 'every_seconds', 'timezone', 'until'] as const;

export const changeSchedule = route({
  id: 'changeSchedule',
  method: 'patch',
  path: '/v1/schedules/{schedule_id}',
  tag: 'Schedules',
  summary: 'Change a schedule',
  description: 'What is left out stays. A new time counts from now on. A run that goes on is not changed.',
  access: 'account',
  audit: 'schedule.update',
  body: scheduleChange,
  limits: JOB_LIMITS,
  example: { cron: '0 */6 * * *' },
  answers: { 200: { description: 'The schedule as it is now.', schema: scheduleAnswer } },
  async handle({ account, params, body }, context: JobContext) {
    const { db, box } = context;
    const schedule = await change(context, { account_id: account.id, id: params.schedule_id }, body);
    return { json: await fullScheduleView(db, box, schedule) };
  },
});

/** What was read is changed only while it holds: another change in between is not undone. */
async function change(
  context: JobContext,
  { account_id, id }: { account_id: string; id: string },
  body: ScheduleChangeBody,
): Promise<Schedule> {
  const changed = { timing: TIMING.some((name) => body[name] !== undefined), job: body.job !== undefined };
  for (let tries = 0; tries < TRIES; tries++) {
    const read = await requireSchedule(context.db, account_id, id);
    const settings = await changedSettings({ context, account_id }, read, body);
    const schedule = await context.db.transaction().execute(async (tx) => {
      const locked = await requireLocked(tx, account_id, id);
      const holds = locked.updated_at.getTime() === read.updated_at.getTime();
      return holds ? await updateSchedule(tx, locked, settings, changed) : null;
    });
    if (schedule !== null) return schedule;
  }
  throw new ServiceError('unavailable', 'The schedule is being changed by others.', { retryAfterSeconds: 1 });
}
