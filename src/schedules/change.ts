import type { JobContext } from '../jobs/http/context.ts';
import { notFound, ServiceError } from '../service-error.ts';
import type { ScheduleChangeBody } from './http/schemas.ts';
import { findSchedule, lockSchedule, updateSchedule, type Schedule, type ScheduleKey } from './schedules.ts';
import { changedSettings } from './settings.ts';

/** The most tries of a change while others change the schedule too. */
const TRIES = 5;
const TIMING = ['cron', 'every_seconds', 'timezone', 'until'] as const;

/**
 * Changes one of the account's schedules, if it is still as it was read: a change in between is not
 * undone. `metadata`: that of the job in the body, as it came. Throws ServiceError `not_found`,
 * `validation_failed` or `unavailable`.
 */
export async function changeStored(
  context: JobContext,
  { account_id, id }: ScheduleKey,
  { body, metadata }: { body: ScheduleChangeBody; metadata: string | null },
): Promise<Schedule> {
  const changed = { timing: TIMING.some((name) => body[name] !== undefined), job: body.job !== undefined };
  for (let tries = 0; tries < TRIES; tries++) {
    const read = await findSchedule(context.db, account_id, id);
    if (!read) throw notFound('schedule');
    const settings = await changedSettings({ context, account_id, metadata }, read, body);
    const schedule = await context.db.transaction().execute(async (tx) => {
      const locked = await lockSchedule(tx, account_id, id);
      const holds = locked?.updated_at.getTime() === read.updated_at.getTime();
      return locked && holds ? await updateSchedule(tx, locked, settings, changed) : null;
    });
    if (schedule !== null) return schedule;
  }
  throw new ServiceError('unavailable', 'The schedule is being changed by others.', { retryAfterSeconds: 1 });
}
