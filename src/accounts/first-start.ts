import { sql } from 'kysely';
import type { Config } from '../config/index.ts';
import type { Db } from '../database/tables.ts';
import type { Log } from '../log.ts';
import { insertAccount } from './accounts.ts';
import { isKnownKey } from './keys/keys.ts';
import type { SecretBox } from './secrets.ts';

export interface FirstStart {
  db: Db;
  box: SecretBox;
  config: Config;
  log: Log;
  /** Shows the operator a key that was just made. It cannot be read again. */
  showKey: (key: string) => void;
}

/**
 * Makes the account that an installation needs: one for OLLAGRAPH_API_KEY where no account has that
 * key, or one with a new key where there is no account at all. The new key is shown before it is
 * stored, so that a start that fails in between leaves no key that nobody has seen. Processes that
 * start at the same time take turns.
 */
export async function ensureFirstAccount({ db, box, config, log, showKey }: FirstStart): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('ollagraph.first_account'))`.execute(tx);
    if (config.apiKey !== undefined && (await isKnownKey(tx, config.apiKey))) return;
    const earlier = await tx.selectFrom('accounts').select('id').limit(1).executeTakeFirst();
    if (config.apiKey === undefined && earlier) return;
    const key = config.apiKey === undefined ? {} : { key: config.apiKey };
    const account = await insertAccount(tx, box, { name: 'default', credits: config.freeCredits, ...key });
    if (config.apiKey === undefined) showKey(account.key);
    else if (earlier)
      log.warn(
        { account_id: account.id },
        'OLLAGRAPH_API_KEY is new: it opens an account of its own, and the keys of earlier accounts ' +
          'stay valid',
      );
  });
}
