import { sql, type RawBuilder } from 'kysely';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { isId } from '../../ids.ts';
import { notifyDispatchers } from './notify.ts';
import { backIntoOutbox } from './move.ts';

/** Rows moved back in one transaction: a crash half-way loses none, and the rest is still there to be recovered. */
const RECOVER_BATCH = 500;

/**
 * Makes a delivery due now, its retry schedule started over: from the history back into the outbox, or, still pending, ahead of
 * its time. False when the account has none of that id. One that is being sent at this moment is left to finish.
 */
export async function redeliver(db: Db, accountId: string, id: string): Promise<boolean> {
  if (!isId('dlv', id)) return false;
  const found = await db.transaction().execute(async (tx) => {
    const back = await moveBack(tx, sql`account_id = ${accountId} and id = ${id}`, 'manual');
    crashPoint('delivery.redeliver');
    if (back.length > 0) return true;
    const { rows } = await sql<{ endpoint: string }>`
      update outbox set
        next_attempt_at = case when status = 'waiting' then now() else next_attempt_at end,
        schedule_step = case when status = 'waiting' then 0 else schedule_step end,
        trigger = case when status = 'waiting' then 'manual' else trigger end
      where account_id = ${accountId} and id = ${id} returning endpoint`.execute(tx);
    if (!rows[0]) return false;
    await notifyDispatchers(tx, [{ account_id: accountId, endpoint: rows[0].endpoint, kind: 'urgent' }]);
    return true;
  });
  crashPoint('delivery.redelivered');
  return found;
}

export interface RecoverWindow {
  since: Date;
  until: Date | null;
  webhook_url: string | null;
}

/**
 * Sends again all of the account's deliveries that were created in the window and failed for good. Goes on by keyset in short
 * transactions, so its size has no limit; called again after a crash it takes up what is left. Returns how many.
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
    and (${until}::timestamptz is null or created_at < ${until}) and (${webhook_url}::text is null or webhook_url = ${webhook_url})`;
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
