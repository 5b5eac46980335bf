import { sql } from 'kysely';
import { crashPoint } from '../crash-point.ts';
import type { Db, DbOrTx, Tx } from '../database/tables.ts';
import { newId } from '../ids.ts';
import { ServiceError } from '../service-error.ts';
import { grantCredits } from './credits.ts';
import { createKey, storeKey } from './keys/keys.ts';
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
  /** Until when the previous secret still signs, too; null: it does not. */
  previous_secret_until: Date | null;
  created_at: Date;
}

/** The account with its webhook secret in the clear. Throws when there is none of that id. */
export async function readAccount(db: DbOrTx, box: SecretBox, id: string): Promise<Account> {
  const row = await db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return {
    id: row.id,
    name: row.name,
    plan: row.plan,
    credits: row.credits,
    webhook_secret: box.open(row.webhook_secret, id),
    previous_secret_until: latest(row.previous_secrets_until),
    created_at: row.created_at,
  };
}

/** The latest of those times that are in the future, or null. */
function latest(times: Date[]): Date | null {
  const future = times.filter((time) => time > new Date());
  return future.length === 0 ? null : new Date(Math.max(...future.map(Number)));
}

/** All accounts, oldest first. */
export async function listAccounts(db: DbOrTx) {
  return await db
    .selectFrom('accounts')
    .select(['id', 'name', 'plan', 'credits', 'suspended_at', 'created_at'])
    .orderBy('id')
    .execute();
}

/** The most: each adds two signatures to every request. */
const MAX_PREVIOUS_SECRETS = 8;

/**
 * Replaces the webhook secret. Without an overlap every other secret stops at once. With an
 * overlap, the replaced secret signs beside the new one for that many seconds by the database's
 * clock, and so do secrets whose overlaps have not ended. Throws a ServiceError `too_many_secrets`.
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
  const { rows } = await sql<{ until: Date | null }>`
    update accounts set
      webhook_secret = ${box.seal(secret, id)},
      previous_secrets = case when ${overlap} then webhook_secret || ${stillPromised('secret')} else '{}' end,
      previous_secrets_until = case when ${overlap}
        then (now() + make_interval(secs => ${overlapSeconds})) || ${stillPromised('until')} else '{}' end
    where id = ${id} and (not ${overlap} or cardinality(${stillPromised('secret')}) < ${MAX_PREVIOUS_SECRETS})
    returning (select max(until) from unnest(previous_secrets_until) as u (until)) as until`.execute(db);
  if (!rows[0])
    throw new ServiceError(
      'too_many_secrets',
      `${MAX_PREVIOUS_SECRETS} earlier secrets still sign. Wait until an overlap ends, or rotate ` +
        'without one.',
    );
  crashPoint('secret.rotated');
  return { webhook_secret: secret, previous_secret_until: rows[0].until };
}

/**
 * The previous secrets of an account's row whose overlaps have not ended, or the ends of these;
 * newest first.
 */
function stillPromised(column: 'secret' | 'until') {
  return sql`array(
    select ${sql.ref(column)}
    from unnest(previous_secrets, previous_secrets_until) with ordinality as p (secret, until, n)
    where until > now() order by n)`;
}
