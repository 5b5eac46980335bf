import type { Context } from '../context.ts';
import { cancelJob } from '../jobs/progress/cancel.ts';
import { runningRun } from './runs/runs.ts';
import { deleteSchedule, lockSchedule, pauseSchedule, type Schedule } from './schedules.ts';

/**
 * Cancels the schedule's run that is under way, while it can still report, and deletes the
 * schedule.
 */
export async function deleteAndCancel(
  { db, log }: Pick<Context, 'db' | 'log'>,
  { account_id, id }: Schedule,
): Promise<void> {
  const running = await db.transaction().execute(async (tx) => {
    const locked = await lockSchedule(tx, account_id, id);
    if (!locked) return null;
    await pauseSchedule(tx, locked);
    return await runningRun(tx, locked);
  });
  if (running?.job_id) await cancelJob({ db, log }, account_id, running.job_id);
  await db.transaction().execute(async (tx) => {
    const locked = await lockSchedule(tx, account_id, id);
    if (locked) await deleteSchedule(tx, locked);
  });
}
