import { sql } from 'kysely';
import type { Db, DbOrTx } from '../database/tables.ts';

/** Renames an account. False where there is none of that id. */
export async function renameAccount(db: DbOrTx, id: string, name: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ name })
    .where('id', '=', id)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Suspends an account: its keys are refused and its console sessions end, while its jobs and
 * deliveries continue. Or resumes it. False where there is no account of that id.
 */
export async function suspendAccount(db: Db, id: string, suspended: boolean): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    const { rows } = await sql`
      update accounts set suspended_at = ${suspended ? sql`coalesce(suspended_at, now())` : sql`null`}
      where id = ${id} returning id`.execute(tx);
    if (suspended) await sql`delete from console_sessions where account_id = ${id}`.execute(tx);
    return rows.length > 0;
  });
}

/**
 * Deletes a suspended account with everything that is stored under its id. Returns what it found:
 * `deleted`, `missing`, or `active` where it is not suspended or one of its jobs still runs, and
 * then nothing is deleted.
 */
export async function deleteAccount(db: Db, id: string): Promise<'deleted' | 'missing' | 'active'> {
  return await db.transaction().execute(async (tx) => {
    const found = await sql<{ suspended: boolean }>`
      select suspended_at is not null as suspended from accounts where id = ${id} for update`.execute(tx);
    const account = found.rows[0];
    if (!account) return 'missing';
    const running = await sql`
      select 1 from jobs where account_id = ${id} and finished_at is null limit 1`.execute(tx);
    if (!account.suspended || running.rows.length > 0) return 'active';
    const tables = await sql<{ name: string }>`
      select c.oid::regclass::text as name
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
      where c.relkind in ('r', 'p') and not c.relispartition and c.oid <> 'accounts'::regclass
        and c.relnamespace = (select relnamespace from pg_class where oid = 'accounts'::regclass)
        and not exists (
          select from pg_constraint where conrelid = c.oid and confrelid = 'accounts'::regclass
        )`.execute(tx);
    for (const { name } of tables.rows)
      await sql`delete from ${sql.raw(name)} where account_id = ${id}`.execute(tx);
    // Tables with a foreign key to it follow.
    await sql`delete from accounts where id = ${id}`.execute(tx);
    return 'deleted';
  });
}
