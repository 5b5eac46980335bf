import { sql } from 'kysely';
import { crashPoint } from '../../crash-point.ts';
import type { Db } from '../../database/database.ts';
import type { Claimed } from './claim.ts';
import { countAttempts } from '../endpoints/hours.ts';
import { intoHistory } from './move.ts';
import type { AttemptError } from '../send/retry.ts';

/** How an attempt went. */
export interface AttemptResult {
  status: number | null;
  /** Null: delivered. */
  error: AttemptError | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  total_ms: number;
  bytes_sent: number;
  answer: string | null;
  remote_address: string | null;
  /** Seconds that the receiver asked us to wait. */
  retry_after: number | null;
  /** From the claim, which began the attempt by the database's clock, to its start. */
  waited_ms: number;
  body_bytes: number | null;
  body_sha256: Buffer | null;
}

/** What becomes of the delivery after its attempt. `delay` in seconds where it is tried again. */
export type Outcome = { state: 'delivered' | 'exhausted' } | { state: 'retry'; delay: number };

export interface Finished {
  claimed: Claimed;
  result: AttemptResult;
  outcome: Outcome;
}

/**
 * Records finished attempts in one transaction: the attempts' rows, and, where the claim's fence still holds, the deliveries'
 * next state. Ended ones move from the outbox to the history.
 */
export async function record(db: Db, batch: Finished[]): Promise<void> {
  const of = <T>(pick: (finished: Finished) => T): T[] => batch.map(pick);
  await db.transaction().execute(async (tx) => {
    // By their keys, however short the outbox seems to be: the planner hears late of how it grows.
    await sql`set local enable_seqscan = off`.execute(tx);
    // The attempt's row is there since the claim. Of it, `started_at` is proposed as the time to add, from the epoch on.
    await sql`
      with r as (
        select * from unnest(${of((f) => f.claimed.account_id)}::text[], ${of((f) => f.claimed.id)}::text[], ${of((f) => f.claimed.attempts)}::int[],
          ${of((f) => f.claimed.trigger)}::text[], ${of((f) => f.outcome.state)}::text[],
          ${of((f) => (f.outcome.state === 'retry' ? f.outcome.delay : null))}::float8[], ${of((f) => f.result.waited_ms)}::float8[],
          ${of((f) => f.result.status)}::smallint[], ${of((f) => f.result.error)}::text[],
          ${of((f) => f.result.dns_ms)}::real[], ${of((f) => f.result.connect_ms)}::real[], ${of((f) => f.result.tls_ms)}::real[],
          ${of((f) => f.result.first_byte_ms)}::real[], ${of((f) => f.result.total_ms)}::real[],
          ${of((f) => f.result.bytes_sent)}::bigint[], ${of((f) => f.result.answer)}::text[], ${of((f) => f.result.remote_address)}::text[],
          ${of((f) => f.result.body_bytes)}::bigint[], ${of((f) => f.result.body_sha256)}::bytea[])
          as u (account_id, id, number, trigger, outcome, delay, waited_ms, status, error, dns_ms, connect_ms, tls_ms, first_byte_ms,
            total_ms, bytes_sent, answer, remote_address, bytes, sha256)
      ), attempted as (
        insert into attempts as a (account_id, delivery_id, number, trigger, started_at, status, error, dns_ms, connect_ms, tls_ms,
          first_byte_ms, total_ms, bytes_sent, answer, remote_address)
        select account_id, id, number, trigger, timestamptz 'epoch' + waited_ms * interval '1 ms', status, error, dns_ms, connect_ms, tls_ms,
          first_byte_ms, total_ms, bytes_sent, answer, remote_address from r
        on conflict (account_id, delivery_id, number) do update set started_at = a.started_at + (excluded.started_at - timestamptz 'epoch'),
          finished_at = now(), status = excluded.status, error = excluded.error, dns_ms = excluded.dns_ms,
          connect_ms = excluded.connect_ms, tls_ms = excluded.tls_ms, first_byte_ms = excluded.first_byte_ms,
          total_ms = excluded.total_ms, bytes_sent = excluded.bytes_sent, answer = excluded.answer, remote_address = excluded.remote_address
        where a.finished_at is null
      ), ended as (
        delete from outbox o using r
        where o.account_id = r.account_id and o.id = r.id and o.attempts = r.number and o.state = 'sending' and r.outcome <> 'retry'
        returning o.*, r.outcome as end_state, r.status as end_status, r.error as end_error, r.bytes as end_bytes, r.sha256 as end_sha256
      ), kept as (
        ${intoHistory(sql`ended`)}
      )
      update outbox o set state = 'waiting', leased_until = null, next_attempt_at = now() + r.delay * interval '1 s', schedule_step = schedule_step + 1,
        trigger = 'schedule', last_status = r.status, last_error = r.error,
        body_bytes = coalesce(o.body_bytes, r.bytes), body_sha256 = coalesce(o.body_sha256, r.sha256)
      from r where o.account_id = r.account_id and o.id = r.id and o.attempts = r.number and o.state = 'sending' and r.outcome = 'retry'`.execute(
      tx,
    );
    await countAttempts(tx, batch);
    crashPoint('delivery.record');
  });
  crashPoint('delivery.recorded');
}
