import { sql } from 'kysely';
import type { Tx } from '../../database/tables.ts';
import { OutOfCreditsError } from '../out-of-credits.ts';

/**
 * Counts credits as used by a key, in the transaction that holds them for its job. Throws
 * OutOfCreditsError rather than exceed its limit. Locks the key's row.
 */
export async function useKeyCredits(tx: Tx, keyId: string, amount: number): Promise<void> {
  const { numAffectedRows } = await sql`
    update api_keys set credits_used = credits_used + ${amount}::bigint
    where id = ${keyId}
      and (credit_limit is null or credits_used + ${amount}::bigint <= credit_limit)`.execute(tx);
  if (numAffectedRows === 1n) return;
  const key = await tx
    .selectFrom('api_keys')
    .select(['credit_limit', 'credits_used'])
    .where('id', '=', keyId)
    .executeTakeFirst();
  const left = Math.max(0, (key?.credit_limit ?? 0) - (key?.credits_used ?? 0));
  throw new OutOfCreditsError(amount, left, 'key');
}

/** Takes back what a job of the key held and did not use. */
export async function returnKeyCredits(tx: Tx, keyId: string, amount: number): Promise<void> {
  await sql`update api_keys set credits_used = greatest(0, credits_used - ${amount}::bigint)
    where id = ${keyId}`.execute(tx);
}
