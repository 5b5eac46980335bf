import { sql, type Selectable } from 'kysely';
import type { Db, DbOrTx, ScheduleRunsTable } from '../../database/tables.ts';
import type { ScheduleKey } from '../schedules.ts';

const COLUMNS = [
  'account_id',
  'schedule_id',
  'run',
  'trigger',
  'status',
  'skip_reason',
  'skip_detail',
  'job_id',
  'due_at',
  'started_at',
  'finished_at',
  'added',
  'changed',
  'removed',
  'unchanged',
  'complete',
  'reported',
] as const satisfies (keyof ScheduleRunsTable)[];

/** A run without the lists of what was removed or not read, which may be long. */
export type Run = Pick<Selectable<ScheduleRunsTable>, (typeof COLUMNS)[number]>;

/** The runs of a schedule, the latest first, those before the run `before`. */
export async function listRuns(
  db: DbOrTx,
  { account_id, id }: ScheduleKey,
  { limit, before }: { limit: number; before: number | null },
): Promise<Run[]> {
  let query = db
    .selectFrom('schedule_runs')
    .select(COLUMNS)
    .where('account_id', '=', account_id)
    .where('schedule_id', '=', id)
    .orderBy('run', 'desc')
    .limit(limit);
  if (before !== null) query = query.where('run', '<', before);
  return await query.execute();
}

/**
 * One run of a schedule, with the list of what was removed as JSON text; null where there is none.
 */
export async function findRun(
  db: DbOrTx,
  { account_id, id }: ScheduleKey,
  run: number,
): Promise<(Run & { removed_urls: string | null }) | null> {
  const found = await db
    .selectFrom('schedule_runs')
    .select([...COLUMNS, 'removed_urls'])
    .where('account_id', '=', account_id)
    .where('schedule_id', '=', id)
    .where('run', '=', run)
    .executeTakeFirst();
  return found ?? null;
}

/** The latest run of each schedule of an account that has one, by the schedule's id. */
export async function latestRuns(db: DbOrTx, accountId: string): Promise<Map<string, Run>> {
  const { rows } = await sql<Run>`
    select ${sql.join(COLUMNS.map((name) => sql.ref(`r.${name}`)))}
    from schedules s join schedule_runs r on r.account_id = s.account_id and r.schedule_id = s.id
      and r.run = s.runs
    where s.account_id = ${accountId}`.execute(db);
  return new Map(rows.map((run) => [run.schedule_id, run]));
}

/** The run of a schedule that has not ended; null where there is none. */
export async function runningRun(db: DbOrTx, { account_id, id }: ScheduleKey): Promise<Run | null> {
  const run = await db
    .selectFrom('schedule_runs')
    .select(COLUMNS)
    .where('account_id', '=', account_id)
    .where('schedule_id', '=', id)
    .where('status', '=', 'running')
    .executeTakeFirst();
  return run ?? null;
}

/** The run that created a job; null where none did. */
export async function runOfJob(db: DbOrTx, accountId: string, jobId: string): Promise<Run | null> {
  const run = await db
    .selectFrom('schedule_runs')
    .select(COLUMNS)
    .where('account_id', '=', accountId)
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  return run ?? null;
}

/**
 * Forgets runs that are older than `days`, but for the latest of each schedule and the latest that
 * had something to report.
 */
export async function forgetRuns(db: Db, days: number): Promise<void> {
  await sql`
    delete from schedule_runs r
    where started_at < now() - ${days} * interval '1 day' and status <> 'running'
      and exists (
        select from schedule_runs later
        where later.account_id = r.account_id and later.schedule_id = r.schedule_id and later.run > r.run
          and (later.reported or not r.reported)
      )`.execute(db);
}
