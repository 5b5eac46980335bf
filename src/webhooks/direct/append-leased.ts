import { sql } from 'kysely';
import type { Tx } from '../../database/tables.ts';
import { append, outboxRows, type NewDelivery } from '../outbox/append.ts';
import { notPaused, type ClaimedDelivery } from '../outbox/claim.ts';
import { BEGIN_LEASED } from './begin-leased.ts';
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
 * Appends a delivery as a claim would leave it: leased, its first attempt begun. No claim takes it
 * until the lease ends, so nobody is notified. Null, and nothing is written, where its endpoint is
 * paused.
 */
async function appendLeased(tx: Tx, delivery: NewDelivery, leaseMs: number): Promise<ClaimedDelivery | null> {
  const { batch, columns } = outboxRows([delivery]);
  const { rows } = await sql<ClaimedDelivery>`
    with leased as (
      insert into outbox (${columns}, page_ordinals, status, attempts, fence, leased_until)
      select ${columns}, ordinals::int[], 'sending', 1, 1, now() + ${leaseMs} * interval '1 ms'
      from ${batch.as('b')}
      where ${notPaused('b')}
      returning *
    ), ${BEGIN_LEASED}`.execute(tx);
  return rows[0] ?? null;
}
