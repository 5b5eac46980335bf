import { sql } from 'kysely';
import type { JobKey } from '../../database/fragments.ts';
import type { Db, DbOrTx, Tx } from '../../database/tables.ts';

/** Keeps when a new job is over, in the transaction that creates it. */
export async function keepDeadline(tx: Tx, { account_id, id }: JobKey, seconds: number): Promise<void> {
  await sql`
    insert into job_deadlines (account_id, job_id, due_at)
    values (${account_id}, ${id}, now() + ${seconds}::int * interval '1 s')`.execute(tx);
}

/** Forgets the deadline of a job that has ended. */
export async function forgetDeadline(db: DbOrTx, { account_id, id }: JobKey): Promise<void> {
  await sql`delete from job_deadlines where account_id = ${account_id} and job_id = ${id}`.execute(db);
}

/**
 * Looks at a job again after `seconds`, so that jobs which cannot be ended now hold up no others.
 */
export async function deferDeadline(db: Db, { account_id, id }: JobKey, seconds: number): Promise<void> {
  await sql`
    update job_deadlines set due_at = now() + ${seconds}::int * interval '1 s'
    where account_id = ${account_id} and job_id = ${id}`.execute(db);
}

/** The jobs that are over within `earlyMs` milliseconds, the longest overdue first. */
export async function jobsDue(db: Db, earlyMs: number, limit: number): Promise<JobKey[]> {
  const { rows } = await sql<JobKey>`
    select account_id, job_id as id from job_deadlines
    where due_at <= now() + ${earlyMs} * interval '1 ms'
    order by due_at limit ${limit}`.execute(db);
  return rows;
}
