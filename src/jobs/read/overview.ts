import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';
import type { Job } from './jobs.ts';

/** Why pages of a job failed, the most frequent reason first. */
export async function errorsOfJob(
  db: DbOrTx,
  { account_id, id }: Job,
): Promise<{ error_code: string; pages: number }[]> {
  const { rows } = await sql<{ error_code: string; pages: number }>`
    select error_code, count(*)::int as pages from pages
    where account_id = ${account_id} and job_id = ${id} and status = 'failed' and error_code is not null
    group by error_code order by pages desc, error_code limit 3`.execute(db);
  return rows;
}

/** How many of the account's jobs run without a page having settled in the last 15 minutes. */
export async function countStuckJobs(db: DbOrTx, accountId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from jobs j
    where account_id = ${accountId} and finished_at is null and created_at < now() - interval '15 minutes'
      and not exists (
        select from pages p
        where p.account_id = j.account_id and p.job_id = j.id and p.settled_at > now() - interval '15 minutes'
      )`.execute(db);
  return rows[0]!.n;
}
