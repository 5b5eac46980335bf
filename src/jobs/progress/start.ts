import { sql } from 'kysely';
import type { Db } from '../../database/tables.ts';
import { announceStart } from './announce.ts';
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
