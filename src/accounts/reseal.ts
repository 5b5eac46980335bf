import { sql } from 'kysely';
import type { Db, DbOrTx } from '../database/tables.ts';
import type { SecretBox } from './secrets.ts';

/** Where headers and credentials that callers sent along are kept, besides the accounts. */
const SEALED_COLUMNS = [
  ['jobs', 'secrets'],
  ['jobs', 'webhook_headers'],
  ['outbox', 'headers'],
  ['deliveries', 'headers'],
  ['schedules', 'request'],
] as const;
/** The most rows that one statement reads. */
const BATCH = 500;

/**
 * Seals every webhook secret, and what callers sent along, again with the current SECRET_KEY, after
 * it was set for the first time or changed (with the old one in SECRET_KEY_PREVIOUS). One
 * transaction per account. Safe to repeat, and while the service runs. Returns how many accounts
 * there are.
 */
export async function resealSecrets(db: Db, box: SecretBox): Promise<number> {
  const accounts = await db.selectFrom('accounts').select('id').orderBy('id').execute();
  for (const { id } of accounts) {
    await db.transaction().execute(async (tx) => {
      const row = await tx
        .selectFrom('accounts')
        .select(['webhook_secret', 'previous_secrets'])
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirstOrThrow();
      const again = (stored: string) => box.seal(box.open(stored, id), id);
      await tx
        .updateTable('accounts')
        .set({
          webhook_secret: again(row.webhook_secret),
          previous_secrets: row.previous_secrets.map(again),
        })
        .where('id', '=', id)
        .execute();
    });
    const again = (stored: string) => box.seal(box.open(stored, id), id);
    for (const [table, column] of SEALED_COLUMNS) await resealColumn(db, { table, column, id, again });
  }
  return accounts.length;
}

interface Column {
  table: string;
  column: string;
  /** The account's id. */
  id: string;
  again: (stored: string) => string;
}

/**
 * Row by row, so that no delivery or job waits for the others. A row that changes in between is
 * left alone.
 */
async function resealColumn(db: DbOrTx, { table, column, id, again }: Column): Promise<void> {
  const [from, value] = [sql.id(table), sql.id(column)];
  let last = '';
  for (;;) {
    const { rows } = await sql<{ id: string; stored: string }>`
      select id, ${value} as stored from ${from}
      where account_id = ${id} and id > ${last} and ${value} is not null order by id limit ${BATCH}`.execute(
      db,
    );
    for (const row of rows)
      await sql`update ${from} set ${value} = ${again(row.stored)}
        where account_id = ${id} and id = ${row.id} and ${value} = ${row.stored}`.execute(db);
    if (rows.length < BATCH) return;
    last = rows.at(-1)!.id;
  }
}
