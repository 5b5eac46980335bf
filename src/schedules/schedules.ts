import { sql, type Selectable } from 'kysely';
import type { DbOrTx, SchedulesTable, Tx } from '../database/tables.ts';
import { isId } from '../ids.ts';
import type { JobChange } from './job-change.ts';
import { nextRun, type Timing } from './times/when.ts';

export type Schedule = Selectable<SchedulesTable>;
/** What names a schedule. */
export type ScheduleKey = Pick<Schedule, 'account_id' | 'id'>;

/** What the owner of a schedule decides. */
export type ScheduleSettings = Timing &
  Pick<Schedule, 'name' | 'kind' | 'url' | 'request' | 'deliver' | 'diff' | 'heartbeat_days'>;

/** The clock by which schedules run. */
export async function databaseTime(db: DbOrTx): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now() as now`.execute(db);
  return rows[0]!.now;
}

/** The status and the next run of a schedule that runs from now on. */
export function startedAt(
  timing: Timing,
  now: Date,
): Pick<Schedule, 'status' | 'next_run_at' | 'pause_reason'> {
  const next_run_at = nextRun(timing, now, now);
  return { status: next_run_at === null ? 'ended' : 'active', next_run_at, pause_reason: null };
}

/**
 * One of the account's schedules. Null for an id that is malformed, unknown or another account's.
 */
export async function findSchedule(db: DbOrTx, accountId: string, id: string): Promise<Schedule | null> {
  if (!isId('sch', id)) return null;
  return (await scheduleById(db, accountId, id).executeTakeFirst()) ?? null;
}

/** The same, locked until the caller's transaction ends. */
export async function lockSchedule(tx: Tx, accountId: string, id: string): Promise<Schedule | null> {
  if (!isId('sch', id)) return null;
  return (await scheduleById(tx, accountId, id).forUpdate().executeTakeFirst()) ?? null;
}

/** Locks a schedule, unless it is gone or another transaction holds it: then null. */
export async function lockIfFree(tx: Tx, { account_id, id }: ScheduleKey): Promise<Schedule | null> {
  return (await scheduleById(tx, account_id, id).forUpdate().skipLocked().executeTakeFirst()) ?? null;
}

function scheduleById(db: DbOrTx, accountId: string, id: string) {
  return db.selectFrom('schedules').selectAll().where('account_id', '=', accountId).where('id', '=', id);
}

/** A schedule without what it runs, which may be large. */
export type ScheduleRow = Omit<Schedule, 'request' | 'job_baseline' | 'content_baseline'>;

/** The account's schedules, newest first. */
export async function listSchedules(db: DbOrTx, accountId: string): Promise<ScheduleRow[]> {
  return await db
    .selectFrom('schedules')
    .select([
      'account_id',
      'id',
      'name',
      'status',
      'pause_reason',
      'cron',
      'every_seconds',
      'timezone',
      'until',
      'kind',
      'url',
      'deliver',
      'diff',
      'heartbeat_days',
      'key_id',
      'next_run_at',
      'runs',
      'created_at',
      'updated_at',
    ])
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .execute();
}

/** What a change of a schedule touches. */
export interface ScheduleChange {
  timing: boolean;
  /** Null where the job is not given, or finds what it found before. */
  job: JobChange | null;
  /** The key with which it runs from now on. */
  key_id: string;
}

/**
 * Changes what the owner decides. A schedule that is not paused runs by its new timing from now on.
 * With another job its next run begins anew: it is not compared with those before.
 */
export async function updateSchedule(
  tx: Tx,
  { account_id, id, status, runs }: Schedule,
  settings: ScheduleSettings,
  { timing, job, key_id }: ScheduleChange,
): Promise<Schedule> {
  const restarted = timing && status !== 'paused';
  return await change(
    tx,
    { account_id, id },
    {
      ...settings,
      ...(restarted ? startedAt(settings, await databaseTime(tx)) : {}),
      ...(job && { job_baseline: runs }),
      ...(job?.content === true && { content_baseline: runs }),
      key_id,
    },
  );
}

/** Holds a schedule until it is resumed. */
export async function pauseSchedule(tx: Tx, { account_id, id }: Schedule): Promise<Schedule> {
  return await change(tx, { account_id, id }, { status: 'paused', next_run_at: null, pause_reason: null });
}

/**
 * Lets a schedule run from now on, as long as the key that resumes it works. One that is not paused
 * keeps its times: its own key may have been revoked since its last run.
 */
export async function resumeSchedule(tx: Tx, schedule: Schedule, keyId: string): Promise<Schedule> {
  const restarted = schedule.status === 'paused' ? startedAt(schedule, await databaseTime(tx)) : {};
  return await change(tx, schedule, { ...restarted, key_id: keyId });
}

async function change(tx: Tx, { account_id, id }: ScheduleKey, values: Partial<Schedule>): Promise<Schedule> {
  return await tx
    .updateTable('schedules')
    .set({ ...values, updated_at: sql`clock_timestamp()` })
    .where('account_id', '=', account_id)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Deletes a schedule with its runs and what it knows of pages. Its jobs stay. */
export async function deleteSchedule(tx: Tx, { account_id, id }: Schedule): Promise<void> {
  await tx.deleteFrom('schedules').where('account_id', '=', account_id).where('id', '=', id).execute();
  for (const table of ['schedule_runs', 'known_pages'] as const)
    await tx.deleteFrom(table).where('account_id', '=', account_id).where('schedule_id', '=', id).execute();
}
