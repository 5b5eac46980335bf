import { sql } from 'kysely';
import { bigint, float, hex, int, rows, smallint, text } from '../../database/rows.ts';
import { PREPARED } from '../../database/connect/prepared.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { countAttempts } from '../endpoints/hours.ts';
import { addAttempts } from './attempts.ts';
import { intoHistory } from './move.ts';
import type { FinishedAttempt, Outcome } from './finished-attempt.ts';

type Retry = Extract<Outcome, { status: 'retry' }>;

/**
 * Records finished attempts in one transaction: the attempts, and, where the claim's fence still
 * holds, the deliveries' next status. Ended ones move from the outbox to the history.
 */
export async function record(db: Db, batch: FinishedAttempt[]): Promise<void> {
  const ended = batch.filter(({ outcome }) => outcome.status !== 'retry');
  const failed = batch.filter(({ outcome }) => outcome.status === 'retry');
  await db.transaction().execute(async (tx) => {
    // Through their keys, however short the outbox seems to be: the planner learns late how it
    // grows, and a prepared statement keeps its plan.
    await sql`set local enable_seqscan = off`.execute(tx);
    // The outbox first, as in a claim: the two then cannot deadlock.
    if (ended.length > 0) await moveEnded(tx, ended);
    if (failed.length > 0) await scheduleRetries(tx, failed);
    await addAttempts(tx, batch);
    await countAttempts(tx, batch);
    crashPoint('delivery.record');
  });
  crashPoint('delivery.recorded');
}

const CLAIM = {
  account_id: text(({ delivery }: FinishedAttempt) => delivery.account_id),
  id: text(({ delivery }: FinishedAttempt) => delivery.id),
  fence: int(({ delivery }: FinishedAttempt) => delivery.fence),
};
const STATUS = {
  status_code: smallint(({ result }: FinishedAttempt) => result.status_code),
  error: text(({ result }: FinishedAttempt) => result.error),
};
const BODY = {
  bytes: bigint(({ result }: FinishedAttempt) => result.body_bytes),
  sha256: hex(({ result }: FinishedAttempt) => result.body_sha256),
};

async function moveEnded(tx: Tx, batch: FinishedAttempt[]): Promise<void> {
  const r = rows(batch, { ...CLAIM, outcome: text(({ outcome }) => outcome.status), ...STATUS, ...BODY });
  await sql`${PREPARED}
    with ended as (
      delete from outbox o using ${r.asPrepared('r')}
      where o.account_id = r.account_id and o.id = r.id and o.fence = r.fence and o.status = 'sending'
      returning o.*, r.outcome as end_status, r.status_code as end_status_code, r.error as end_error,
        r.bytes as end_bytes, r.sha256 as end_sha256
    )
    ${intoHistory(sql`ended`)}`.execute(tx);
}

async function scheduleRetries(tx: Tx, batch: FinishedAttempt[]): Promise<void> {
  const delay = float(({ outcome }: FinishedAttempt) => (outcome as Retry).delay);
  const r = rows(batch, { ...CLAIM, delay, ...STATUS, ...BODY });
  await sql`${PREPARED}
    update outbox o set status = 'waiting', leased_until = null, trigger = 'schedule',
      next_attempt_at = now() + r.delay * interval '1 s', schedule_step = schedule_step + 1,
      last_status_code = r.status_code, last_error = r.error,
      body_bytes = coalesce(o.body_bytes, r.bytes), body_sha256 = coalesce(o.body_sha256, r.sha256)
    from ${r.asPrepared('r')}
    where o.account_id = r.account_id and o.id = r.id and o.fence = r.fence and o.status = 'sending'`.execute(
    tx,
  );
}
