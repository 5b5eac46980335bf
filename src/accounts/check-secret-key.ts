import { ConfigError } from '../config/index.ts';
import type { DbOrTx } from '../database/tables.ts';
import { SEALED, type SecretBox } from './secrets.ts';

/** Enough to meet both kinds where some accounts were sealed with another key. */
const CHECKED = 1000;

/**
 * Opens stored webhook secrets, so that a lost or wrong SECRET_KEY stops the start and not every
 * callback. Throws a ConfigError.
 */
export async function checkSecretKey(db: DbOrTx, box: SecretBox): Promise<void> {
  const sealed = await db
    .selectFrom('accounts')
    .select(['id', 'webhook_secret'])
    .where('webhook_secret', 'like', `${SEALED}%`)
    .orderBy('id')
    .limit(CHECKED)
    .execute();
  for (const { id, webhook_secret } of sealed) {
    try {
      box.open(webhook_secret, id);
    } catch (cause) {
      throw new ConfigError(
        `SECRET_KEY: does not open the webhook secret of account ${id}. Set the key that sealed it, ` +
          'as SECRET_KEY or SECRET_KEY_PREVIOUS.',
        { cause },
      );
    }
  }
}
