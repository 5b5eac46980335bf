import { PgBoss, fromKysely, systemClock, type Db as BossDb } from 'pg-boss';
import { sql } from 'kysely';
import type pg from 'pg';
import type { Db, Tx } from './tables.ts';

/**
 * The lanes of the queue. `interactive` carries single pages and synchronous batches and has a
 * thread of its own, so that a batch of 100,000 URLs in `bulk` never delays another account's page.
 */
export const LANES = ['interactive', 'bulk'] as const;
export type Lane = (typeof LANES)[number];

/**
 * The queue of slices that were claimed RETRY_LIMIT times and never finished: their pages are
 * settled as failed.
 */
export const DEAD_LETTERS = 'dead';

/** One entry of the queue: some pages of one job. */
export interface Slice {
  account_id: string;
  job_id: string;
  ordinals: number[];
  /** The request that created its job, for the logs. */
  request_id: string | null;
  /** The host of its pages, where they have only one. */
  host?: string;
  /** A caller waits for the answer: transient failures are retried at once, and once only. */
  sync?: boolean;
  /** Its job caps its fetches: `max_concurrency`. */
  capped?: boolean;
  /** It is the start page of a map, whose sitemaps take the thread's time. */
  map?: boolean;
}

/** Why an attempt at a slice failed, kept with its entry, where its pages are not at fault. */
export interface SliceFailure {
  of_database: true;
}

/** A worker that has not touched its slice for this long has lost it. pg-boss allows no less. */
const HEARTBEAT_SECONDS = 10;
const RETRY_LIMIT = 5;
/** A failed slice comes back after 1, 2, 4, … s: long enough to outlast a short database outage. */
const RETRY_DELAY_SECONDS = 1;

/** Not pg-boss's own default, which another application on the same database may use. */
export const QUEUE_SCHEMA = 'ollagraph_queue';

/**
 * The clock by which pg-boss schedules its supervision. A wall clock that is set back by an hour
 * would delay the search for lost slices by that hour.
 */
const STEADY_CLOCK = { ...systemClock, now: () => performance.timeOrigin + performance.now() };

/**
 * How every part uses pg-boss. It has no timetables. Its spans are off: each thread would make two
 * per second even where it finds nothing, and our own spans cover the entries.
 */
export const QUEUE_OPTIONS = {
  schema: QUEUE_SCHEMA,
  createSchema: false,
  schedule: false,
  openTelemetry: { enabled: false },
  clock: STEADY_CLOCK,
} as const;

/** Lets pg-boss run its statements on our pool. */
export function executor(pool: pg.Pool): BossDb {
  return { executeSql: async (text, values) => await pool.query(text, values as unknown[]) };
}

/**
 * What the queue reports, as an error: of those of its workers it passes on a copy of the fields.
 */
export function queueError(reported: unknown): Error {
  if (reported instanceof Error) return reported;
  const { message, stack, code } = reported as NodeJS.ErrnoException;
  return Object.assign(new Error(message), { stack, code });
}

/** Creates the queues that are missing. */
export async function createQueues(boss: PgBoss): Promise<void> {
  await boss.createQueue(DEAD_LETTERS, { retryLimit: 100, retryDelay: 5, deleteAfterSeconds: 86_400 });
  for (const lane of LANES) {
    await boss.createQueue(lane, {
      partition: true,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: 3600,
      retryLimit: RETRY_LIMIT,
      retryDelay: RETRY_DELAY_SECONDS,
      retryBackoff: true,
      deleteAfterSeconds: 3600,
      retentionSeconds: 30 * 86_400,
      deadLetter: DEAD_LETTERS,
    });
  }
}

/**
 * Completes a slice (or, where `completed` is false, extends its lease) in the caller's
 * transaction. Returns false when the slice was fetched again since: the lease is lost, and the
 * transaction must be rolled back.
 */
export async function holdSlice(
  boss: PgBoss,
  tx: Tx,
  { id, retryCount, lane }: { id: string; retryCount: number; lane: Lane },
  completed: boolean,
): Promise<boolean> {
  const slice = { id, retryCount };
  const through = { db: fromKysely(tx) };
  const response = completed
    ? await boss.complete(lane, slice, null, through)
    : await boss.touch(lane, slice, through);
  return (response as { affected?: number }).affected === 1;
}

interface NewSlices {
  lane: Lane;
  slices: Slice[];
  /** The priority of the first slice; each further one is a step below the one before. */
  priority: number;
  /** A delay in seconds. */
  after?: number;
}

/** Queues slices in the caller's transaction. */
export async function insertSlices(
  boss: PgBoss,
  tx: Tx,
  { lane, slices, priority, after = 0 }: NewSlices,
): Promise<void> {
  const startAfter = after > 0 ? { startAfter: Math.ceil(after) } : {};
  for (let i = 0; i < slices.length; i += 1000) {
    const jobs = slices.slice(i, i + 1000).map((data, n) => ({
      data,
      priority: priority - i - n,
      group: { id: groupOf(data) },
      ...startAfter,
    }));
    await boss.insert(lane, jobs, { db: fromKysely(tx) });
  }
}

/**
 * pg-boss's group of a slice, which a claim can leave out: one account's slices of one host, or of
 * several, or those of a job that caps its fetches.
 */
export function groupOf({ account_id, job_id, host, capped }: Slice): string {
  return `${account_id} ${capped ? job_id : (host ?? '*')}`;
}

/** The groups of these accounts that are in a lane and not under way. */
export async function queuedGroups(tx: Tx, lane: Lane, accountIds: string[]): Promise<string[]> {
  if (accountIds.length === 0) return [];
  const { rows } = await sql<{ group_id: string }>`
    select distinct group_id from ${sql.id(QUEUE_SCHEMA)}.job
    where name = ${lane} and state < 'active'
      and split_part(group_id, ' ', 1) = any(${accountIds}::text[])`.execute(tx);
  return rows.map((row) => row.group_id);
}

/** Those of the lanes in which something may be claimed now. */
export async function lanesWithWork(db: Db, lanes: Lane[]): Promise<Lane[]> {
  const { rows } = await sql<{ lane: Lane }>`
    select lane from unnest(${lanes}::text[]) as lane
    where exists (
      select from ${sql.id(QUEUE_SCHEMA)}.job
      where name = lane and state < 'active' and start_after <= now()
    )`.execute(db);
  return rows.map(({ lane }) => lane);
}

/** Whether a worker that holds a slice has not touched it for too long. */
export async function hasLostSlices(db: Db): Promise<boolean> {
  const { rows } = await sql<{ lost: boolean }>`
    select exists (
      select from ${sql.id(QUEUE_SCHEMA)}.job
      where state = 'active' and name = any(${[...LANES]}::text[])
        and heartbeat_on + heartbeat_seconds * interval '1 s' < now()
    ) as lost`.execute(db);
  return rows[0]!.lost;
}
