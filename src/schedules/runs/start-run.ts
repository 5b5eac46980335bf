import { sql } from 'kysely';
import { keyState } from '../../accounts/keys/keys.ts';
import { OutOfCreditsError } from '../../accounts/out-of-credits.ts';
import type { RunTrigger, SkipReason } from '../../database/enumerations.ts';
import type { Tx } from '../../database/tables.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { jobSchema } from '../../jobs/http/create/job-body.ts';
import { insertJob, prepareJob, type PreparedJob } from '../../jobs/create.ts';
import type { JobOrigin } from '../../jobs/http/create/new-job.ts';
import { ServiceError } from '../../service-error.ts';
import { jobOf, openJob } from '../job.ts';
import { runningRun } from './runs.ts';
import { databaseTime, type Schedule } from '../schedules.ts';
import { nextRun } from '../times/when.ts';

/** Why a run has no job. */
export interface Skip {
  reason: SkipReason;
  detail: string | null;
}

/** What is known of a run before the transaction that stores it. */
export type Plan = { job: PreparedJob } | { skip: Skip } | { pause: 'key_revoked' };

/**
 * Prepares the next run of a schedule, outside any transaction: its webhook and proxy are looked
 * up. Throws where the database is in trouble.
 */
export async function planRun(context: JobContext, schedule: Schedule): Promise<Plan> {
  const state = await keyState(context.db, schedule.key_id);
  if (state === 'revoked') return { pause: 'key_revoked' };
  if (state === 'suspended') return { skip: { reason: 'account_suspended', detail: null } };
  try {
    return { job: await prepareRun(context, schedule, originOf(schedule)) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { skip: { reason: 'job_refused', detail: error.message } };
  }
}

/** A run that no request asked for. */
const originOf = ({ account_id, key_id }: Schedule): JobOrigin => ({
  account_id,
  by: { kind: 'service', key_id, ip: null },
  request_id: null,
  traceparent: null,
  idempotency: null,
});

/** The job of a schedule's next run. Throws ServiceError where it cannot be created any more. */
export async function prepareRun(
  context: JobContext,
  { account_id, request }: Schedule,
  origin: JobOrigin,
): Promise<PreparedJob> {
  const { given, metadata } = openJob(context.box.open(request, account_id));
  const parsed = jobSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ServiceError('validation_failed', `job.${issue!.path.join('.')}: ${issue!.message}`);
  }
  return await prepareJob(await jobOf(context, { body: parsed.data, metadata }, origin));
}

/** A run as it was stored. */
export interface StartedRun {
  run: number;
  job_id: string | null;
  skip: Skip | null;
}

interface RunStart {
  plan: Exclude<Plan, { pause: 'key_revoked' }>;
  trigger: RunTrigger;
  /** The time for which it was due. */
  due: Date;
}

/**
 * Stores the next run of a schedule whose row the caller has locked, with its job; a scheduled run
 * also sets the time of the one after. While the run before has not ended, the new run is skipped.
 * Throws OutOfCreditsError.
 */
export async function startRun(
  tx: Tx,
  context: JobContext,
  schedule: Schedule,
  { plan, trigger, due }: RunStart,
): Promise<StartedRun> {
  const run = schedule.runs + 1;
  const skip = 'skip' in plan ? plan.skip : await stillRunning(tx, schedule);
  await advance(tx, schedule, { run, trigger, due });
  if (skip !== null || 'skip' in plan) {
    await insertRun(tx, schedule, { run, trigger, due, job_id: null, skip });
    return { run, job_id: null, skip };
  }
  const { account_id, id: schedule_id, deliver, diff, job_baseline, content_baseline } = schedule;
  await insertRun(tx, schedule, { run, trigger, due, job_id: plan.job.id, skip: null });
  const how = { schedule_id, run, deliver, diff, job_baseline, content_baseline };
  const job = { ...plan.job.job, account_id, schedule: how };
  const { job_id } = await insertJob(tx, context, { ...plan.job, job });
  return { run, job_id, skip: null };
}

async function stillRunning(tx: Tx, schedule: Schedule): Promise<Skip | null> {
  const running = await runningRun(tx, schedule);
  return running && { reason: 'still_running', detail: `Run ${running.run} has not ended.` };
}

async function advance(
  tx: Tx,
  { account_id, id, ...schedule }: Schedule,
  { run, trigger, due }: { run: number; trigger: RunTrigger; due: Date },
): Promise<void> {
  const next = trigger === 'manual' ? schedule.next_run_at : nextRun(schedule, due, await databaseTime(tx));
  const isOver = trigger === 'schedule' && next === null;
  await sql`
    update schedules
    set runs = ${run}, next_run_at = ${next}, status = case when ${isOver} then 'ended' else status end
    where account_id = ${account_id} and id = ${id}`.execute(tx);
}

interface NewRun {
  run: number;
  trigger: RunTrigger;
  due: Date;
  job_id: string | null;
  skip: Skip | null;
}

async function insertRun(
  tx: Tx,
  { account_id, id }: Schedule,
  { run, trigger, due, job_id, skip }: NewRun,
): Promise<void> {
  await tx
    .insertInto('schedule_runs')
    .values({
      account_id,
      schedule_id: id,
      run,
      trigger,
      job_id,
      due_at: due,
      ...(skip && {
        status: 'skipped' as const,
        skip_reason: skip.reason,
        skip_detail: skip.detail,
        finished_at: sql<Date>`now()`,
      }),
    })
    .execute();
}

/** The skip for a run that the account cannot pay; null for any other error. */
export function creditsSkip(error: unknown): Skip | null {
  return error instanceof OutOfCreditsError ? { reason: 'out_of_credits', detail: error.message } : null;
}
