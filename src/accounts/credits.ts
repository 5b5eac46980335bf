import { sql } from 'kysely';
import { type CreditKind } from '../database/enumerations.ts';
import type { DbOrTx, Tx } from '../database/tables.ts';

/** The account has fewer credits than the job may use. */
export class OutOfCredits extends Error {
  readonly needed: number;
  constructor(needed: number) {
    super('not enough credits');
    this.needed = needed;
  }
}

/** Moves credits and writes the ledger entry. Throws OutOfCredits rather than let the balance fall below zero. */
async function move(
  tx: Tx,
  accountId: string,
  kind: CreditKind,
  amount: number,
  jobId: string | null,
  note: string | null,
): Promise<void> {
  const { rows } = await sql`
    with moved as (
      update accounts set credits = credits + ${amount}::bigint where id = ${accountId} and credits + ${amount}::bigint >= 0
      returning id
    ), entered as (
      insert into credit_entries (account_id, kind, amount, job_id, note)
      select id, ${kind}, ${amount}::bigint, ${jobId}, ${note} from moved
    )
    select 1 from moved`.execute(tx);
  if (rows.length === 0) throw new OutOfCredits(-amount);
}

/** Gives credits for good (or takes them back, when negative). */
export async function grantCredits(tx: Tx, accountId: string, amount: number, note: string): Promise<void> {
  await move(tx, accountId, 'grant', amount, null, note);
}

/**
 * Holds the most that a job may use. Locks the account's row until the transaction ends: call it last.
 * Throws OutOfCredits.
 */
export async function reserveCredits(
  tx: Tx,
  accountId: string,
  jobId: string,
  amount: number,
): Promise<void> {
  if (amount > 0) await move(tx, accountId, 'reserve', -amount, jobId, null);
}

/** Gives back what an ended job held and did not use. At most once per job: the ledger's unique index sees to it. */
export async function releaseCredits(
  tx: Tx,
  accountId: string,
  jobId: string,
  amount: number,
): Promise<void> {
  if (amount > 0) await move(tx, accountId, 'release', amount, jobId, null);
}

export interface DayOfUsage {
  /** YYYY-MM-DD, UTC. */
  date: string;
  credits: number;
  jobs: number;
}

/**
 * What ended jobs cost, by the day (UTC) on which they were created; days without a job are left out. The bound on the id, a day
 * wide of any clock's error, keeps older partitions unread.
 */
export async function usageByDay(db: DbOrTx, accountId: string, from: Date, to: Date): Promise<DayOfUsage[]> {
  const rows = await sql<DayOfUsage>`
    select to_char(created_at at time zone 'utc', 'YYYY-MM-DD') as date,
           sum(succeeded)::bigint as credits,
           count(*)::bigint as jobs
    from jobs
    where account_id = ${accountId} and finished_at is not null and created_at >= ${from} and created_at < ${to}
      and id >= id_floor('job_', (${from}::timestamptz at time zone 'utc')::date - 1)
    group by 1 order by 1`.execute(db);
  return rows.rows;
}
