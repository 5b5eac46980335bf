import { sql } from 'kysely';
import { crashPoint } from '../crash-point.ts';
import type { Db, DbOrTx, Tx } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { grantCredits } from './credits.ts';
import { createKey, storeKey } from './keys.ts';
import { newWebhookSecret, type SecretBox } from './secrets.ts';

export interface NewAccount {
  id: string;
  /** The bearer key; not readable again. */
  key: string;
}

interface AccountOptions {
  name: string;
  credits: number;
  /** Use this key instead of a new one. */
  key?: string;
}

/** Makes an account with its free credits and a first key, in one transaction. */
export async function createAccount(db: Db, box: SecretBox, options: AccountOptions): Promise<NewAccount> {
  return await db.transaction().execute((tx) => insertAccount(tx, box, options));
}

/** The same in the caller's transaction. */
export async function insertAccount(tx: Tx, box: SecretBox, options: AccountOptions): Promise<NewAccount> {
  const id = newId('acct');
  const secret = box.seal(newWebhookSecret(), id);
  await tx
    .insertInto('accounts')
    .values({ id, name: options.name, credits: 0, webhook_secret: secret })
    .execute();
  if (options.credits > 0) await grantCredits(tx, id, options.credits, 'free credits');
  if (options.key === undefined) return { id, key: (await createKey(tx, id, 'first key')).key };
  await storeKey(tx, id, 'from the environment', options.key);
  return { id, key: options.key };
}

export interface Account {
  id: string;
  name: string;
  plan: string;
  credits: number;
  webhook_secret: string;
  /** Until when the secret before this one still signs too, or null. */
  previous_secret_until: Date | null;
  created_at: Date;
}

/** The account with its webhook secret in the clear. Throws when there is none of that id. */
export async function readAccount(db: DbOrTx, box: SecretBox, id: string): Promise<Account> {
  const row = await db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const overlapping = row.previous_secret_until !== null && row.previous_secret_until > new Date();
  return {
    id: row.id,
    name: row.name,
    plan: row.plan,
    credits: row.credits,
    webhook_secret: box.open(row.webhook_secret, id),
    previous_secret_until: overlapping ? row.previous_secret_until : null,
    created_at: row.created_at,
  };
}

/** All accounts, oldest first. */
export async function listAccounts(db: DbOrTx) {
  return await db
    .selectFrom('accounts')
    .select(['id', 'name', 'plan', 'credits', 'created_at'])
    .orderBy('id')
    .execute();
}

/**
 * Replaces the webhook secret. The previous one stops at once, or, given an overlap, signs beside the new one for so
 * many seconds (by the database's clock).
 */
export async function rotateWebhookSecret(
  db: DbOrTx,
  box: SecretBox,
  id: string,
  overlapSeconds: number,
): Promise<{ webhook_secret: string; previous_secret_until: Date | null }> {
  const secret = newWebhookSecret();
  const overlap = overlapSeconds > 0;
  crashPoint('secret.rotate');
  const row = await db
    .updateTable('accounts')
    .set({
      webhook_secret: box.seal(secret, id),
      previous_secret: overlap ? sql<string>`webhook_secret` : null,
      previous_secret_until: overlap ? sql<Date>`now() + make_interval(secs => ${overlapSeconds})` : null,
    })
    .where('id', '=', id)
    .returning('previous_secret_until')
    .executeTakeFirstOrThrow();
  crashPoint('secret.rotated');
  return { webhook_secret: secret, previous_secret_until: row.previous_secret_until };
}
