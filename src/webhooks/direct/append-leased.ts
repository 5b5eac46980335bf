import { sql } from 'kysely';
import { PREPARED } from '../../database/connect/prepared.ts';
import type { Tx } from '../../database/tables.ts';
import { append, outboxRows, type NewDelivery } from '../outbox/append.ts';
import { notPaused, selectClaimed, type ClaimedDelivery } from '../outbox/claim.ts';
import type { Reservation } from './reservation.ts';

/**
 * Appends a delivery in the caller's transaction: into the reserved room where there is one, else
 * as `append` does. Returns its id.
 */
export async function appendInto(
  tx: Tx,
  reservation: Reservation | null,
  delivery: NewDelivery,
): Promise<string> {
  const born = reservation && (await appendLeased(tx, delivery, reservation.leaseMs));
  if (!born) return (await append(tx, [delivery]))[0]!;
  reservation.fill(born);
  return born.id;
}

/**
 * Appends a delivery as a claim would leave it: leased, its first attempt begun now, however old
 * the transaction is. No claim takes it until the lease ends, so nobody is notified. Null, and
 * nothing is written, where its endpoint is paused.
 */
async function appendLeased(tx: Tx, delivery: NewDelivery, leaseMs: number): Promise<ClaimedDelivery | null> {
  const { batch, columns } = outboxRows([delivery]);
  const { rows } = await sql<ClaimedDelivery>`${PREPARED}
    with leased as (
      insert into outbox (${columns}, page_ordinals, status, attempts, fence, begun_at, leased_until)
      select ${columns}, ordinals::int[], 'sending', 1, 1, clock_timestamp(),
        now() + ${leaseMs} * interval '1 ms'
      from ${batch.asPrepared('b')}
      where ${notPaused('b')}
      returning *
    )
    ${selectClaimed('leased')}`.execute(tx);
  return rows[0] ?? null;
}
