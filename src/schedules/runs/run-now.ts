import { crashPoint } from '../../crash-point.ts';
import { claimIdempotencyKey } from '../../jobs/idempotency.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import type { JobOrigin } from '../../jobs/http/create/new-job.ts';
import { notFound, ServiceError } from '../../service-error.ts';
import { runningRun, runOfJob } from './runs.ts';
import { databaseTime, lockSchedule, type Schedule } from '../schedules.ts';
import { prepareRun, startRun } from './start-run.ts';

/**
 * Runs a schedule at once, once for each Idempotency-Key: `repeated` where it did before. Throws
 * ServiceError: `already_running`, `validation_failed` where its job is not accepted any more, or
 * as `createJob`.
 */
export async function runNow(
  context: JobContext,
  { account_id, id, ...schedule }: Schedule,
  origin: JobOrigin,
): Promise<{ run: number; job_id: string; repeated: boolean }> {
  const { db, log } = context;
  const { idempotency, ...rest } = origin;
  const job = await prepareRun(context, { account_id, id, ...schedule }, { ...rest, idempotency: null });
  const started = await db.transaction().execute(async (tx) => {
    if (idempotency) {
      const earlier = await claimIdempotencyKey(tx, account_id, idempotency, job.id);
      if (earlier !== null) return await runOfJob(tx, account_id, earlier);
    }
    const locked = await lockSchedule(tx, account_id, id);
    if (!locked) return null;
    if (await runningRun(tx, locked))
      throw new ServiceError('already_running', 'The run before has not ended.');
    const start = { plan: { job }, trigger: 'manual' as const, due: await databaseTime(tx) };
    return await startRun(tx, context, locked, start);
  });
  if (started?.job_id == null) throw notFound('schedule');
  const { run, job_id } = started;
  if (job_id !== job.id) return { run, job_id, repeated: true };
  crashPoint('job.created');
  log.info({ request_id: origin.request_id, schedule_id: id, run, job_id }, 'schedule started a run');
  return { run, job_id, repeated: false };
}
