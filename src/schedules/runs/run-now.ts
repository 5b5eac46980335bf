import { crashPoint } from '../../crash-point.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { claimIdempotencyKey, earlierId } from '../../jobs/idempotency.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import type { JobOrigin } from '../../jobs/http/create/new-job.ts';
import { notFound, ServiceError } from '../../service-error.ts';
import { runningRun, runOfJob } from './runs.ts';
import { databaseTime, lockSchedule, type Schedule } from '../schedules.ts';
import { prepareRun, startRun } from './start-run.ts';

/** `repeated`: the same request started it before. */
interface RunNow {
  run: number;
  job_id: string;
  repeated: boolean;
}

/**
 * Runs a schedule at once, once for each Idempotency-Key. Throws ServiceError: `already_running`,
 * `unavailable` where it has changed since it was read, `validation_failed` where its job is not
 * accepted any more, or as `createJob`.
 */
export async function runNow(context: JobContext, schedule: Schedule, origin: JobOrigin): Promise<RunNow> {
  const { db, log } = context;
  const { idempotency, account_id, request_id } = origin;
  const earlier = idempotency && (await earlierId(db, account_id, idempotency));
  if (earlier !== null) return await repeatedRun(db, account_id, earlier);
  const job = await prepareRun(context, schedule, { ...origin, idempotency: null });
  const started = await db.transaction().execute(async (tx) => {
    const made = idempotency && (await claimIdempotencyKey(tx, account_id, idempotency, job.id));
    if (made !== null) return await repeatedRun(tx, account_id, made);
    const locked = await lockSchedule(tx, account_id, schedule.id);
    if (!locked) throw notFound('schedule');
    if (locked.updated_at.getTime() !== schedule.updated_at.getTime())
      throw new ServiceError('unavailable', 'The schedule is being changed.', { retryAfterSeconds: 1 });
    if (await runningRun(tx, locked))
      throw new ServiceError('already_running', 'The run before has not ended.');
    const start = { plan: { job }, trigger: 'manual' as const, due: await databaseTime(tx) };
    const { run } = await startRun(tx, context, locked, start);
    return { run, job_id: job.id, repeated: false };
  });
  if (started.repeated) return started;
  crashPoint('job.created');
  const { run, job_id } = started;
  log.info({ request_id, schedule_id: schedule.id, run, job_id }, 'schedule started a run');
  return started;
}

async function repeatedRun(db: DbOrTx, accountId: string, jobId: string): Promise<RunNow> {
  const run = await runOfJob(db, accountId, jobId);
  if (run === null) throw notFound('schedule');
  return { run: run.run, job_id: jobId, repeated: true };
}
