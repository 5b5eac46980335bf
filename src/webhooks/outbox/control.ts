import { sql, type RawBuilder } from 'kysely';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { isId } from '../../ids.ts';
import { notFound } from '../../service-error.ts';
import { beginAttempt } from '../direct/begin-attempt.ts';
import { Reservation, type DirectDispatch } from '../direct/reservation.ts';
import { readKept } from './kept.ts';
import { notifyDispatchers } from './notify.ts';
import { backIntoOutbox, type MovedDelivery } from './move.ts';

/**
 * The most rows moved back in one transaction. After a crash between two of them, the rest can
 * still be recovered.
 */
const RECOVER_BATCH = 500;

/**
 * Makes a delivery due now and restarts its retry schedule: from the history back into the outbox,
 * or, where it is pending, ahead of its time. One that is being sent is left to finish. Throws a
 * ServiceError `not_found`, or `gone` where retention has dropped what it carries.
 */
export async function redeliver(
  { db, dispatch }: { db: Db; dispatch: DirectDispatch | null },
  accountId: string,
  id: string,
): Promise<void> {
  if (!isId('dlv', id)) throw notFound('delivery');
  const { webhook_url } = await readKept(db, accountId, id);
  using reservation = await Reservation.make(dispatch, { account_id: accountId, webhook_url, urgent: true });
  await db.transaction().execute(async (tx) => {
    const back = await backIntoOutbox(tx, sql`account_id = ${accountId} and id = ${id}`, 'manual');
    crashPoint('delivery.redeliver');
    const [due] = back.length > 0 ? back : await hasten(tx, accountId, id);
    if (!due) return;
    const begun = reservation && (await beginAttempt(tx, due, reservation.leaseMs));
    if (begun) reservation.fill(begun);
    else await notifyDispatchers(tx, [{ ...due, kind: 'urgent' }]);
  });
  crashPoint('delivery.redelivered');
  reservation?.handOver();
}

/** Makes a pending delivery due now. */
async function hasten(tx: Tx, accountId: string, id: string): Promise<MovedDelivery[]> {
  const { rows } = await sql<MovedDelivery>`
    update outbox set next_attempt_at = now(), schedule_step = 0, trigger = 'manual'
    where account_id = ${accountId} and id = ${id} and status = 'waiting'
    returning account_id, endpoint, id`.execute(tx);
  return rows;
}

export interface RecoverWindow {
  since: Date;
  until: Date | null;
  webhook_url: string | null;
}

/**
 * Sends again all of the account's exhausted deliveries that were created in the window. Works by
 * keyset in short transactions, so their number has no limit; called again after a crash it
 * continues with the rest. Returns how many.
 */
export async function recover(db: Db, accountId: string, window: RecoverWindow): Promise<number> {
  let moved = 0;
  for (let after = ''; ;) {
    const batch = await db.transaction().execute(async (tx) => {
      const ids = sql`select id from deliveries where ${exhaustedIn(accountId, window)} and id > ${after}
        order by id limit ${RECOVER_BATCH} for update skip locked`;
      const back = await moveBack(tx, sql`account_id = ${accountId} and id in (${ids})`);
      crashPoint('recover.batch');
      return back;
    });
    crashPoint('recover.moved');
    moved += batch.length;
    if (batch.length < RECOVER_BATCH) return moved;
    after = batch.toSorted().at(-1)!;
  }
}

/** How many deliveries `recover` would send again. */
export async function countRecoverable(db: Db, accountId: string, window: RecoverWindow): Promise<number> {
  const { rows } = await sql<{
    n: number;
  }>`select count(*) as n from deliveries where ${exhaustedIn(accountId, window)}`.execute(db);
  return rows[0]!.n;
}

function exhaustedIn(accountId: string, { since, until, webhook_url }: RecoverWindow) {
  return sql`account_id = ${accountId} and status = 'exhausted' and created_at >= ${since}
    and (${until}::timestamptz is null or created_at < ${until})
    and (${webhook_url}::text is null or webhook_url = ${webhook_url})`;
}

async function moveBack(tx: Tx, which: RawBuilder<unknown>): Promise<string[]> {
  const rows = await backIntoOutbox(tx, which, 'recover');
  await notifyDispatchers(
    tx,
    rows.map(({ account_id, endpoint }) => ({ account_id, endpoint, kind: 'fresh' })),
  );
  return rows.map((row) => row.id);
}
