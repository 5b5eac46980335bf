import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../database/tables.ts';
import { announceStart } from '../events/announce.ts';
import type { Job } from '../read/jobs.ts';

/**
 * Records once that the first page of a job has been claimed, and announces it if the caller asked
 * for that.
 */
export async function startJob(db: Db, accountId: string, jobId: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<Job>`update jobs set status = 'running', started_at = now()
      where account_id = ${accountId} and id = ${jobId} and status = 'queued' returning *`.execute(tx);
    if (rows[0]) await announceStart(tx, rows[0]);
  });
}

/**
 * What `started_at` is set to when pages of a locked job settle: now, where it has not started.
 * Citus refuses `coalesce(started_at, now())`: each machine would have a time of its own.
 */
export function startedAt({ started_at }: Pick<Job, 'started_at'>): RawBuilder<unknown> {
  return started_at === null ? sql`now()` : sql`started_at`;
}
