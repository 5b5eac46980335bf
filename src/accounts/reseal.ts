import type { Db } from '../database/tables.ts';
import type { SecretBox } from './secrets.ts';

/**
 * Seals every webhook secret again with the current SECRET_KEY, after it was set for the first time
 * or changed (with the old one in SECRET_KEY_PREVIOUS). One transaction per account. Safe to
 * repeat, and while the service runs. Returns how many accounts there are.
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
  }
  return accounts.length;
}
