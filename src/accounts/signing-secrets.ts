import { sql, type RawBuilder } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';
import type { SecretBox } from './secrets.ts';

/**
 * The secrets that sign the account's callbacks now: the current one, then those that still
 * overlap, newest first.
 */
export async function readSigningSecrets(db: DbOrTx, box: SecretBox, id: string): Promise<string[]> {
  const { rows } = await sql<{ secrets: string[] }>`
    select webhook_secret || ${overlappingSecrets('accounts')} as secrets
    from accounts
    where id = ${id}`.execute(db);
  if (!rows[0]) throw new Error(`there is no account ${id}`);
  return rows[0].secrets.map((secret) => box.open(secret, id));
}

/**
 * The previous secrets of a row of accounts whose overlaps have not ended: an array of text, the
 * newest first.
 */
export function overlappingSecrets(accounts: string): RawBuilder<string[]> {
  const [secrets, until] = [
    sql.ref(`${accounts}.previous_secrets`),
    sql.ref(`${accounts}.previous_secrets_until`),
  ];
  return sql`case when cardinality(${secrets}) = 0 then '{}'::text[] else array(
    select secret
    from unnest(${secrets}, ${until}) with ordinality as p (secret, until, n)
    where until > now()
    order by n
  ) end`;
}
