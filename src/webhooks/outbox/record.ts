import { sql } from 'kysely';
import { bigint, bytea, float, int, real, rows, smallint, text } from '../../database/rows.ts';
import { PREPARED } from '../../database/connect/prepared.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Db } from '../../database/tables.ts';
import { countAttempts } from '../endpoints/hours.ts';
import { intoHistory } from './move.ts';
import type { FinishedAttempt } from './finished-attempt.ts';

/** What is written to an attempt's row when it is over. */
const OUTCOME = [
  'status_code',
  'error',
  'error_detail',
  'dns_ms',
  'connect_ms',
  'tls_ms',
  'first_byte_ms',
  'duration_ms',
  'bytes_sent',
  'response_body',
  'remote_address',
];
const OUTCOME_COLUMNS = sql.raw(OUTCOME.join(', '));
const EXCLUDED_OUTCOME = sql.raw(OUTCOME.map((column) => `excluded.${column}`).join(', '));

/**
 * Records finished attempts in one transaction: the attempts' rows, and, where the claim's fence
 * still holds, the deliveries' next status. Ended ones move from the outbox to the history.
 */
export async function record(db: Db, batch: FinishedAttempt[]): Promise<void> {
  const attempts = rows(batch, {
    account_id: text(({ delivery }) => delivery.account_id),
    id: text(({ delivery }) => delivery.id),
    number: int(({ delivery }) => delivery.attempts),
    fence: int(({ delivery }) => delivery.fence),
    trigger: text(({ delivery }) => delivery.trigger),
    outcome: text(({ outcome }) => outcome.status),
    delay: float(({ outcome }) => (outcome.status === 'retry' ? outcome.delay : null)),
    waited_ms: float(({ result }) => result.waited_ms),
    status_code: smallint(({ result }) => result.status_code),
    error: text(({ result }) => result.error),
    error_detail: text(({ result }) => result.error_detail),
    dns_ms: real(({ result }) => result.dns_ms),
    connect_ms: real(({ result }) => result.connect_ms),
    tls_ms: real(({ result }) => result.tls_ms),
    first_byte_ms: real(({ result }) => result.first_byte_ms),
    duration_ms: real(({ result }) => result.duration_ms),
    bytes_sent: bigint(({ result }) => result.bytes_sent),
    response_body: text(({ result }) => result.response_body),
    remote_address: text(({ result }) => result.remote_address),
    bytes: bigint(({ result }) => result.body_bytes),
    sha256: bytea(({ result }) => result.body_sha256),
  });
  await db.transaction().execute(async (tx) => {
    // Through their keys, however short the outbox seems to be: the planner learns late how it
    // grows, and a prepared statement keeps its plan.
    await sql`set local enable_seqscan = off`.execute(tx);
    // The attempt's row exists since the claim. Of what is inserted here, `started_at` stands for
    // the time to add to it.
    await sql`${PREPARED}
      with r as (
        select * from ${attempts.as('u')}
      ), attempted as (
        insert into attempts as a (account_id, delivery_id, number, trigger, started_at, ${OUTCOME_COLUMNS})
        select account_id, id, number, trigger, timestamptz 'epoch' + waited_ms * interval '1 ms',
          ${OUTCOME_COLUMNS}
        from r
        on conflict (account_id, delivery_id, number) do update set
          started_at = a.started_at + (excluded.started_at - timestamptz 'epoch'), finished_at = now(),
          (${OUTCOME_COLUMNS}) = row(${EXCLUDED_OUTCOME})
        where a.finished_at is null
      ), ended as (
        delete from outbox o using r
        where o.account_id = r.account_id and o.id = r.id and o.fence = r.fence and o.status = 'sending'
          and r.outcome <> 'retry'
        returning o.*, r.outcome as end_status, r.status_code as end_status_code, r.error as end_error,
          r.bytes as end_bytes, r.sha256 as end_sha256
      ), kept as (
        ${intoHistory(sql`ended`)}
      )
      update outbox o set status = 'waiting', leased_until = null, trigger = 'schedule',
        next_attempt_at = now() + r.delay * interval '1 s', schedule_step = schedule_step + 1,
        last_status_code = r.status_code, last_error = r.error,
        body_bytes = coalesce(o.body_bytes, r.bytes), body_sha256 = coalesce(o.body_sha256, r.sha256)
      from r
      where o.account_id = r.account_id and o.id = r.id and o.fence = r.fence and o.status = 'sending'
        and r.outcome = 'retry'`.execute(tx);
    await countAttempts(tx, batch);
    crashPoint('delivery.record');
  });
  crashPoint('delivery.recorded');
}
