import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Db } from '../../../src/database/tables.ts';

/**
 * What must be true of every database at every moment: counts add up, they are those of the pages,
 * ledgers sum up to the balance, and an ended job has given back exactly what it did not use.
 */
export async function assertBooksBalance(db: Db): Promise<void> {
  const { rows: counts } = await sql`
    select j.id from jobs j left join lateral (
      select count(*)::int as total, count(*) filter (where status = 'pending')::int as remaining,
        count(*) filter (where status = 'ok')::int as succeeded,
        count(*) filter (where status = 'failed')::int as failed,
        count(*) filter (where status = 'skipped')::int as skipped,
        count(*) filter (where status = 'cancelled')::int as cancelled
      from pages p where p.account_id = j.account_id and p.job_id = j.id
    ) p on true
    where (j.total, j.remaining, j.succeeded, j.failed, j.skipped, j.cancelled)
      is distinct from (p.total, p.remaining, p.succeeded, p.failed, p.skipped, p.cancelled)`.execute(db);
  assert.deepEqual(counts, [], 'the counts of these jobs are not those of their pages');
  const { rows: accounts } = await sql`
    select a.id, a.credits, sum(e.amount) as ledger
    from accounts a left join credit_entries e on e.account_id = a.id
    group by a.id having a.credits <> coalesce(sum(e.amount), 0)`.execute(db);
  assert.deepEqual(accounts, [], 'the balances of these accounts are not the sums of their ledgers');
  const { rows: jobs } = await sql`
    select j.id, j.succeeded, sum(e.amount) as ledger
    from jobs j join credit_entries e on e.account_id = j.account_id and e.job_id = j.id
    where j.finished_at is not null
    group by j.account_id, j.id, j.succeeded
    having sum(e.amount) <> -j.succeeded`.execute(db);
  assert.deepEqual(jobs, [], 'these ended jobs did not cost one credit per page that came back');
}
