import { sql } from 'kysely';
import { PREPARED } from '../../database/connect/prepared.ts';
import { bigint, float, int, real, rows, smallint, text } from '../../database/rows.ts';
import type { Tx } from '../../database/tables.ts';
import type { FinishedAttempt } from './finished-attempt.ts';

const OUTCOME = {
  status_code: smallint(({ result }: FinishedAttempt) => result.status_code),
  error: text(({ result }: FinishedAttempt) => result.error),
  error_detail: text(({ result }: FinishedAttempt) => result.error_detail),
  dns_ms: real(({ result }: FinishedAttempt) => result.dns_ms),
  connect_ms: real(({ result }: FinishedAttempt) => result.connect_ms),
  tls_ms: real(({ result }: FinishedAttempt) => result.tls_ms),
  first_byte_ms: real(({ result }: FinishedAttempt) => result.first_byte_ms),
  duration_ms: real(({ result }: FinishedAttempt) => result.duration_ms),
  bytes_sent: bigint(({ result }: FinishedAttempt) => result.bytes_sent),
  response_body: text(({ result }: FinishedAttempt) => result.response_body),
  remote_address: text(({ result }: FinishedAttempt) => result.remote_address),
};
const OUTCOME_COLUMNS = sql.raw(Object.keys(OUTCOME).join(', '));
const EXCLUDED = sql.raw(
  Object.keys(OUTCOME)
    .map((column) => `excluded.${column}`)
    .join(', '),
);

/**
 * Adds finished attempts. One that a later claim took for lost has a row already, which says how it
 * went from now on.
 */
export async function addAttempts(tx: Tx, batch: FinishedAttempt[]): Promise<void> {
  const r = rows(batch, {
    account_id: text(({ delivery }) => delivery.account_id),
    id: text(({ delivery }) => delivery.id),
    number: int(({ delivery }) => delivery.attempts),
    trigger: text(({ delivery }) => delivery.trigger),
    started_ms: float(({ delivery, result }) => delivery.begun_ms + result.waited_ms),
    ...OUTCOME,
  });
  await sql`${PREPARED}
    insert into attempts as a (
      account_id, delivery_id, number, trigger, started_at, finished_at, ${OUTCOME_COLUMNS}
    )
    select account_id, id, number, trigger, to_timestamp(started_ms / 1000), now(), ${OUTCOME_COLUMNS}
    from ${r.asPrepared('r')}
    on conflict (account_id, delivery_id, number) do update set
      started_at = excluded.started_at, finished_at = excluded.finished_at,
      (${OUTCOME_COLUMNS}) = row(${EXCLUDED})
    where a.finished_at is null`.execute(tx);
}
