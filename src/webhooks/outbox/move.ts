import { sql, type RawBuilder } from 'kysely';
import type { AttemptTrigger } from '../../database/enumerations.ts';
import type { DbOrTx } from '../../database/tables.ts';

/** The columns that a delivery has in the outbox and in the history. */
const KEPT = sql.raw(`account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
  head, tail, link, whole_job, page_ordinals, headers, attempts, fence, created_at, request_id, traceparent`);

/**
 * A common table expression body that puts rows which were just deleted from the outbox into the
 * history. `source` names them and has the outbox's columns and `end_status`, `end_status_code`,
 * `end_error`, `end_bytes`, `end_sha256`.
 */
export function intoHistory(source: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    insert into deliveries (
      ${KEPT}, body_bytes, body_sha256, status, schedule_step, last_status_code, last_error
    )
    select ${KEPT}, coalesce(body_bytes, end_bytes), coalesce(body_sha256, end_sha256), end_status,
      schedule_step, end_status_code, end_error
    from ${source}`;
}

/** Which delivery has moved, and where it goes. */
export interface MovedDelivery {
  account_id: string;
  endpoint: string;
  id: string;
}

/**
 * Moves deliveries from the history back into the outbox, due now, their retry schedule started
 * over.
 */
export async function backIntoOutbox(
  db: DbOrTx,
  which: RawBuilder<unknown>,
  trigger: AttemptTrigger,
): Promise<MovedDelivery[]> {
  const { rows } = await sql<MovedDelivery>`
    with back as (delete from deliveries where ${which} returning *)
    insert into outbox (${KEPT}, body_bytes, body_sha256, last_status_code, last_error, trigger)
    select ${KEPT}, body_bytes, body_sha256, last_status_code, last_error, ${trigger}
    from back
    returning account_id, endpoint, id`.execute(db);
  return rows;
}
