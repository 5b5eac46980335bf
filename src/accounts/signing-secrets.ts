import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';
import type { SecretBox } from './secrets.ts';

/** The secrets that sign the account's callbacks now: the current one and, while it overlaps, the previous one. */
export async function readSigningSecrets(db: DbOrTx, box: SecretBox, id: string): Promise<string[]> {
  const row = await db
    .selectFrom('accounts')
    .select(['webhook_secret', 'previous_secret'])
    .select(sql<boolean>`coalesce(previous_secret_until > now(), false)`.as('overlapping'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const stored =
    row.overlapping && row.previous_secret !== null
      ? [row.webhook_secret, row.previous_secret]
      : [row.webhook_secret];
  return stored.map((secret) => box.open(secret, id));
}
