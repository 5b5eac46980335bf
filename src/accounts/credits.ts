import { sql } from 'kysely';
import type { CreditKind } from '../database/enumerations.ts';
import type { DbOrTx, Tx } from '../database/tables.ts';
import { returnKeyCredits, useKeyCredits } from './keys/credits.ts';
import { OutOfCreditsError } from './out-of-credits.ts';

interface CreditMove {
  kind: CreditKind;
  /** Negative where credits are taken. */
  amount: number;
  jobId?: string;
  note?: string;
}

/**
 * Moves credits and writes the ledger entry. Throws OutOfCreditsError rather than let the balance
 * fall below zero.
 */
async function move(tx: Tx, accountId: string, { kind, amount, jobId, note }: CreditMove): Promise<void> {
  const { rows } = await sql`
    with moved as (
      update accounts
      set credits = credits + ${amount}::bigint
      where id = ${accountId} and credits + ${amount}::bigint >= 0
      returning id
    ), entered as (
      insert into credit_entries (account_id, kind, amount, job_id, note)
      select id, ${kind}, ${amount}::bigint, ${jobId ?? null}, ${note ?? null} from moved
    )
    select 1 from moved`.execute(tx);
  if (rows.length > 0) return;
  const account = await tx
    .selectFrom('accounts')
    .select('credits')
    .where('id', '=', accountId)
    .executeTakeFirst();
  throw new OutOfCreditsError(-amount, account?.credits ?? 0);
}

/** Grants credits, or takes them back where the amount is negative. Throws OutOfCreditsError. */
export async function grantCredits(tx: Tx, accountId: string, amount: number, note: string): Promise<void> {
  await move(tx, accountId, { kind: 'grant', amount, note });
}

/** A job whose credits are held or returned. `key_id`: the key that created it. */
interface PaidJob {
  account_id: string;
  id: string;
  key_id: string | null;
}

/**
 * Holds the most credits that a job may use, within the account's balance and the key's limit.
 * Locks both rows until the transaction ends, so call it last. Throws ServiceError
 * `out_of_credits`.
 */
export async function reserveCredits(tx: Tx, job: PaidJob, amount: number): Promise<void> {
  if (amount <= 0) return;
  if (job.key_id !== null) await useKeyCredits(tx, job.key_id, amount);
  await move(tx, job.account_id, { kind: 'reserve', amount: -amount, jobId: job.id });
}

/**
 * Returns the credits that an ended job held and did not use. The ledger's unique index allows this
 * once per job.
 */
export async function releaseCredits(tx: Tx, job: PaidJob, amount: number): Promise<void> {
  if (amount <= 0) return;
  if (job.key_id !== null) await returnKeyCredits(tx, job.key_id, amount);
  await move(tx, job.account_id, { kind: 'release', amount, jobId: job.id });
}

/** The credits that a key may still use: of its account, and within its own limit. */
export async function creditsLeft(
  db: DbOrTx,
  { account_id, key_id }: { account_id: string; key_id: string },
): Promise<number> {
  const { rows } = await sql<{ credits: number }>`
    select least(a.credits, k.credit_limit - k.credits_used) as credits
    from api_keys k join accounts a on a.id = k.account_id
    where a.id = ${account_id} and k.id = ${key_id}`.execute(db);
  return rows[0]?.credits ?? 0;
}

export interface DayOfUsage {
  /** YYYY-MM-DD, UTC. */
  date: string;
  credits: number;
  jobs: number;
}

/**
 * What ended jobs cost, by the UTC day on which they were created. Days without a job are left out.
 * The bound on the id keeps older partitions unread; it allows for clocks that are a day off.
 */
export async function usageByDay(db: DbOrTx, accountId: string, from: Date, to: Date): Promise<DayOfUsage[]> {
  const rows = await sql<DayOfUsage>`
    select to_char(created_at at time zone 'utc', 'YYYY-MM-DD') as date,
           sum(succeeded - unbilled + surcharge)::bigint as credits,
           count(*)::bigint as jobs
    from jobs
    where account_id = ${accountId} and finished_at is not null and created_at >= ${from}
      and created_at < ${to}
      and id >= id_floor('job_', (${from}::timestamptz at time zone 'utc')::date - 1)
    group by 1 order by 1`.execute(db);
  return rows.rows;
}
