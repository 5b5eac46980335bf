import { sql } from 'kysely';
import type { Config } from '../config.ts';
import type { Db } from '../database/tables.ts';
import { insertAccount } from './accounts.ts';
import { isKnownKey } from './keys.ts';
import type { SecretBox } from './secrets.ts';

/**
 * Makes the account that a new installation needs: for OLLAGRAPH_API_KEY when no account has that key yet, else one with a new
 * key when there is no account at all. Returns the key that has to be shown to the operator, or null. Several processes may
 * start at once: they take turns.
 */
export async function ensureFirstAccount(db: Db, box: SecretBox, config: Config): Promise<string | null> {
  return await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('ollagraph.first_account'))`.execute(tx);
    const options = { name: 'default', credits: config.freeCredits };
    if (config.apiKey !== undefined) {
      if (!(await isKnownKey(tx, config.apiKey)))
        await insertAccount(tx, box, { ...options, key: config.apiKey });
      return null;
    }
    const any = await tx.selectFrom('accounts').select('id').limit(1).executeTakeFirst();
    return any ? null : (await insertAccount(tx, box, options)).key;
  });
}
