import { sql, type RawBuilder } from 'kysely';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { isId } from '../../ids.ts';
import { notFound } from '../../service-error.ts';
import { assertKept } from './kept.ts';
import { notifyDispatchers } from './notify.ts';
import { backIntoOutbox } from './move.ts';

/**
 * Rows moved back in one transaction. After a crash between two of them the rest is still there to
 * be recovered.
 */
const RECOVER_BATCH = 500;

/**
 * Makes a delivery due now and restarts its retry schedule: from the history back into the outbox,
 * or, where it is pending, ahead of its time. One that is being sent at this moment is left to
 * finish. Throws a ServiceError `not_found`, or `gone` where retention has dropped what it carries.
 */
export async function redeliver(db: Db, accountId: string, id: string): Promise<void> {
  if (!isId('dlv', id)) throw notFound('delivery');
  await db.transaction().execute(async (tx) => {
    await assertKept(tx, accountId, id);
    const back = await moveBack(tx, sql`account_id = ${accountId} and id = ${id}`, 'manual');
    crashPoint('delivery.redeliver');
    if (back.length === 0) await hasten(tx, accountId, id);
  });
  crashPoint('delivery.redelivered');
}

/** Makes a pending delivery due now. */
async function hasten(tx: Tx, accountId: string, id: string): Promise<void> {
  const { rows } = await sql<{ endpoint: string }>`
    update outbox set next_attempt_at = now(), schedule_step = 0, trigger = 'manual'
    where account_id = ${accountId} and id = ${id} and status = 'waiting' returning endpoint`.execute(tx);
  const due = rows.map(({ endpoint }) => ({ account_id: accountId, endpoint, kind: 'urgent' as const }));
  await notifyDispatchers(tx, due);
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
      const back = await moveBack(tx, sql`account_id = ${accountId} and id in (${ids})`, 'recover');
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

async function moveBack(
  tx: Tx,
  which: RawBuilder<unknown>,
  trigger: 'manual' | 'recover',
): Promise<string[]> {
  const rows = await backIntoOutbox(tx, which, trigger);
  const kind = trigger === 'manual' ? 'urgent' : 'fresh';
  await notifyDispatchers(
    tx,
    rows.map(({ account_id, endpoint }) => ({ account_id, endpoint, kind })),
  );
  return rows.map((row) => row.id);
}
