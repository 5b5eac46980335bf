import { sql } from 'kysely';
import type { Tx } from '../../database/tables.ts';
import { notPaused, selectClaimed, type ClaimedDelivery } from '../outbox/claim.ts';

/**
 * Leases a waiting delivery and begins its next attempt, as a claim does. Null where it is not
 * waiting, or its endpoint is paused.
 */
export async function beginAttempt(
  tx: Tx,
  { account_id, id }: { account_id: string; id: string },
  leaseMs: number,
): Promise<ClaimedDelivery | null> {
  const { rows } = await sql<ClaimedDelivery>`
    with leased as (
      update outbox o set status = 'sending', attempts = attempts + 1, fence = fence + 1,
        begun_at = clock_timestamp(), leased_until = now() + ${leaseMs} * interval '1 ms'
      where account_id = ${account_id} and id = ${id} and status = 'waiting'
        and ${notPaused('o')}
      returning *
    )
    ${selectClaimed('leased')}`.execute(tx);
  return rows[0] ?? null;
}
