import type { JobContext } from '../jobs/http/context.ts';
import { notFound, ServiceError } from '../service-error.ts';
import type { ScheduleChangeBody } from './http/schemas.ts';
import { findSchedule, lockSchedule, updateSchedule, type Schedule, type ScheduleKey } from './schedules.ts';
import { jobChange } from './job-change.ts';
import { openJob } from './job.ts';
import { changedSettings } from './settings.ts';
import type { Timing } from './times/when.ts';

/** The most tries of a change while others change the schedule too. */
const TRIES = 5;
/** What is to be changed; `metadata`: that of the job in the body, as it came. */
export interface GivenChange {
  body: ScheduleChangeBody;
  metadata: string | null;
}

/**
 * Changes one of the account's schedules, if it is still as it was read: a change in between is not
 * undone. `changeOf` says what to change in the schedule as it was read, and may throw. A schedule
 * whose job or times change runs with the key `keyId` from then on: a key with a limit could else
 * spend another's credits. Throws ServiceError `not_found`, `validation_failed` or `unavailable`.
 */
export async function changeStored(
  context: JobContext,
  { account_id, id }: ScheduleKey,
  keyId: string,
  changeOf: (read: Schedule) => GivenChange,
): Promise<Schedule> {
  for (let tries = 0; tries < TRIES; tries++) {
    const read = await findSchedule(context.db, account_id, id);
    if (!read) throw notFound('schedule');
    const { body, metadata } = changeOf(read);
    const settings = await changedSettings({ context, account_id, metadata }, read, body);
    const job = body.job ? jobChange(givenIn(context, read), body.job) : null;
    const timing = isOtherTiming(read, settings);
    const changed = { timing, job, key_id: timing || body.job ? keyId : read.key_id };
    const schedule = await context.db.transaction().execute(async (tx) => {
      const locked = await lockSchedule(tx, account_id, id);
      const holds = locked?.updated_at.getTime() === read.updated_at.getTime();
      return locked && holds ? await updateSchedule(tx, locked, settings, changed) : null;
    });
    if (schedule !== null) return schedule;
  }
  throw new ServiceError('unavailable', 'The schedule is being changed by others.', { retryAfterSeconds: 1 });
}

function givenIn({ box }: JobContext, { account_id, request }: Schedule): Record<string, unknown> {
  return openJob(box.open(request, account_id)).given;
}

/** The same times, given once more, do not begin again. */
function isOtherTiming(read: Timing, given: Timing): boolean {
  return (
    read.cron !== given.cron ||
    read.every_seconds !== given.every_seconds ||
    read.timezone !== given.timezone ||
    read.until?.getTime() !== given.until?.getTime()
  );
}
