import { PgBoss, fromKysely, systemClock, type Db as BossDb } from 'pg-boss';
import type pg from 'pg';
import type { Tx } from './tables.ts';

/**
 * The lanes of the queue. `interactive` carries single pages and synchronous batches and has a thread of its own, so that a
 * batch of 100,000 URLs in `bulk` never stands before another account's page.
 */
export const LANES = ['interactive', 'bulk'] as const;
export type Lane = (typeof LANES)[number];

/** Where a slice goes that was fetched RETRY_LIMIT times and never finished: its pages are settled as failed. */
export const DEAD_LETTERS = 'dead';

/** One entry of the queue: some pages of one job. */
export interface Slice {
  account_id: string;
  job_id: string;
  ordinals: number[];
  /** The request that led to it, for the logs. */
  request_id: string | null;
  /** The host of all its pages, where they have but one: pg-boss's group, which workers can leave out. */
  host?: string;
  /** Somebody waits for the answer: passing failures are retried at once, and once only. */
  sync?: boolean;
}

/** A worker that has not touched its slice for so long has lost it. pg-boss allows no less. */
const HEARTBEAT_SECONDS = 10;
const RETRY_LIMIT = 5;
/** A slice that failed comes back after 1, 2, 4, … s: together they outlast a short trouble of the database. */
const RETRY_DELAY_SECONDS = 1;

/** pg-boss waits for moments of this clock. Of one that is set back an hour it would wait that hour before it looks for lost slices again. */
const STEADY_CLOCK = { ...systemClock, now: () => performance.timeOrigin + performance.now() };

/**
 * How every part uses pg-boss: without timetables, and without spans of its own, which would be two a second for each thread, found or not.
 * Ours tell what becomes of the entries.
 */
export const QUEUE_OPTIONS = {
  schedule: false,
  openTelemetry: { enabled: false },
  clock: STEADY_CLOCK,
} as const;

/** Lets pg-boss run its statements on our pool. */
export function executor(pool: pg.Pool): BossDb {
  return { executeSql: async (text, values) => await pool.query(text, values as unknown[]) };
}

/** Makes the queues where they are missing. */
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
 * Completes (or, while work goes on, keeps) a slice in the caller's transaction. False when the attempt that it was fetched
 * with is no longer the current one: then the lease is lost, and the transaction must be rolled back.
 */
export async function holdSlice(
  boss: PgBoss,
  tx: Tx,
  lane: Lane,
  slice: { id: string; retryCount: number },
  completed: boolean,
): Promise<boolean> {
  const through = { db: fromKysely(tx) };
  const response = completed
    ? await boss.complete(lane, slice, null, through)
    : await boss.touch(lane, slice, through);
  return (response as { affected?: number }).affected === 1;
}

/** Queues slices in the caller's transaction, each a step of priority below the one before. `after` is a delay in seconds. */
export async function insertSlices(
  boss: PgBoss,
  tx: Tx,
  lane: Lane,
  slices: Slice[],
  priority: number,
  after = 0,
): Promise<void> {
  const startAfter = after > 0 ? { startAfter: Math.ceil(after) } : {};
  for (let i = 0; i < slices.length; i += 1000) {
    const jobs = slices.slice(i, i + 1000).map((data, n) => ({
      data,
      priority: priority - i - n,
      ...(data.host === undefined ? {} : { group: { id: data.host } }),
      ...startAfter,
    }));
    await boss.insert(lane, jobs, { db: fromKysely(tx) });
  }
}
