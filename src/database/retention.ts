import { sql } from 'kysely';
import { createdAt } from '../ids.ts';
import type { Db, Tx } from './tables.ts';

/**
 * Whoever waits for a whole table lets nobody else in meanwhile: so nobody waits longer than this.
 */
const LOCK_TIMEOUT_MS = 500;
/** Postgres's code for a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';
/** Days made ahead, so that a process which cannot do this for a while can still write. */
const DAYS_AHEAD = 3;

/**
 * Creates the partitions of today and the coming days. False where somebody, such as a backup, has
 * been reading the tables: then they are to be made later.
 */
export async function makeDays(db: Db): Promise<boolean> {
  const made = sql`
    select ensure_partitions(((now() at time zone 'utc')::date + n)::date)
    from generate_series(0, ${DAYS_AHEAD}::int) as n`;
  return await unlessBusy(db, async (tx) => void (await made.execute(tx)));
}

/** Changes whole tables in a transaction. False, and nothing done, where somebody reads them. */
async function unlessBusy(db: Db, change: (tx: Tx) => Promise<void>): Promise<boolean> {
  try {
    await db.transaction().execute(async (tx) => {
      await sql`select set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}ms`}, true)`.execute(tx);
      await change(tx);
    });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

const DAY_MS = 86_400_000;

/**
 * Until when a job is kept at least: its day is dropped when that is more than `days` before the
 * day that has begun.
 */
export function keptUntil(jobId: string, days: number): Date {
  const created = createdAt(jobId);
  return new Date((Math.floor(created / DAY_MS) + days + 1) * DAY_MS);
}

interface Day {
  day: string;
  partitions: { table: string; partition: string }[];
}

/**
 * Drops the partitions of days older than `days`: jobs with their pages, deliveries with their
 * attempts. A whole day stays while one of its jobs runs, or a delivery of it or of one of its jobs
 * is in the outbox, or somebody reads the tables. Returns the days dropped.
 */
export async function dropOldDays(db: Db, days: number): Promise<string[]> {
  await sql`delete from endpoint_hours where hour < now() - ${days} * interval '1 day'`.execute(db);
  const dropped: string[] = [];
  for (const { day, partitions } of await oldDays(db, days)) {
    if (await isPending(db, day)) continue;
    const gone = await unlessBusy(db, async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtext('ollagraph.partitions'))`.execute(tx);
      for (const { partition } of partitions)
        await sql`drop table if exists ${sql.id(partition)}`.execute(tx);
    });
    if (gone) dropped.push(day);
  }
  return dropped;
}

async function oldDays(db: Db, days: number): Promise<Day[]> {
  const { rows } = await sql<Day>`
    select to_char(day, 'YYYY-MM-DD') as day,
      json_agg(json_build_object('table', name, 'partition', partition)) as partitions
    from (
      select t.name, c.relname as partition,
        case when c.relname ~ '_[0-9]{8}$' then to_date(right(c.relname, 8), 'YYYYMMDD') end as day
      from partitioned_tables t
      join pg_inherits i on i.inhparent = t.name::regclass
      join pg_class c on c.oid = i.inhrelid
    ) s
    where day < (now() at time zone 'utc')::date - ${days}::int
    group by day order by day`.execute(db);
  return rows;
}

async function isPending(db: Db, day: string): Promise<boolean> {
  const { rows } = await sql`
    select 1
    from jobs
    where finished_at is null and id >= id_floor('job_', ${day}::date)
      and id < id_floor('job_', ${day}::date + 1)
    union all
    select 1
    from outbox
    where (job_id >= id_floor('job_', ${day}::date) and job_id < id_floor('job_', ${day}::date + 1))
      or (id >= id_floor('dlv_', ${day}::date) and id < id_floor('dlv_', ${day}::date + 1))
    limit 1`.execute(db);
  return rows.length > 0;
}
