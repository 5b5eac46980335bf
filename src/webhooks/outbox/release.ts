import { sql } from 'kysely';
import { float, int, rows, text } from '../../database/rows.ts';
import type { Db } from '../../database/tables.ts';
import type { ClaimedDelivery } from './claim.ts';
import { KEEP_LANE } from './lanes.ts';

/**
 * A claimed delivery that was not sent, to be given back; due again after `deferMs`, or at once
 * (0).
 */
export interface Release {
  delivery: ClaimedDelivery;
  deferMs: number;
}

/**
 * Gives claims back. Nothing was sent, so their attempts do not count.
 */
export async function release(db: Db, releases: Release[]): Promise<void> {
  const r = rows(releases, {
    account_id: text(({ delivery }) => delivery.account_id),
    id: text(({ delivery }) => delivery.id),
    fence: int(({ delivery }) => delivery.fence),
    defer_ms: float(({ deferMs }) => deferMs),
  });
  await sql`
    update outbox o set status = 'waiting', leased_until = null, attempts = attempts - 1, ${KEEP_LANE},
      next_attempt_at = case
        when r.defer_ms > 0 then now() + r.defer_ms * interval '1 ms'
        else next_attempt_at
      end
    from ${r.as('r')}
    where o.account_id = r.account_id and o.id = r.id and o.fence = r.fence and o.status = 'sending'`.execute(
    db,
  );
}
