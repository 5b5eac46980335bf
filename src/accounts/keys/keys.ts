import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { KEY_SCOPES, type KeyScope } from '../../database/enumerations.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { isId, newId } from '../../ids.ts';

const GENERATED = /^ok_([0-9a-f]{24})_[A-Za-z0-9_-]{43}$/;

const sha256 = (text: string) => createHash('sha256').update(text).digest();

/**
 * The id of a key's row: the one inside a generated key, or one from the digest of a key that an
 * operator chose.
 */
function keyId(key: string): string {
  return `key_${GENERATED.exec(key)?.[1] ?? sha256(key).toString('hex').slice(0, 24)}`;
}

/** What a key may do, until when, and for how many credits. */
export interface KeyLimits {
  scopes: readonly KeyScope[];
  /** Null: it does not expire. */
  expires_at: Date | null;
  /** The most credits that its jobs may use, ever; null: no limit but the account's balance. */
  credit_limit: number | null;
}

/** A key that may do everything. */
export const UNLIMITED: KeyLimits = { scopes: KEY_SCOPES, expires_at: null, credit_limit: null };

/** Makes a key for the account and returns it; it cannot be read again. */
export async function createKey(
  db: DbOrTx,
  accountId: string,
  name: string,
  limits: KeyLimits = UNLIMITED,
): Promise<{ id: string; key: string }> {
  const key = `ok_${newId('key').slice(4)}_${randomBytes(32).toString('base64url')}`;
  return { id: await insertKey(db, accountId, { name, key, limits }), key };
}

/** Stores the digest of a key that came from elsewhere (the environment). Returns its id. */
export async function storeKey(db: DbOrTx, accountId: string, name: string, key: string): Promise<string> {
  return await insertKey(db, accountId, { name, key, limits: UNLIMITED });
}

async function insertKey(
  db: DbOrTx,
  accountId: string,
  { name, key, limits }: { name: string; key: string; limits: KeyLimits },
): Promise<string> {
  const id = keyId(key);
  const scopes = KEY_SCOPES.filter((scope) => limits.scopes.includes(scope));
  const row = { id, account_id: accountId, name, secret_sha256: sha256(key), ...limits, scopes };
  await db.insertInto('api_keys').values(row).execute();
  return id;
}

/** A key's last use is recorded at most this often. */
const USE_SECONDS = 60;

const working = (db: DbOrTx) =>
  db
    .selectFrom('api_keys')
    .innerJoin('accounts', 'accounts.id', 'api_keys.account_id')
    .where('api_keys.revoked_at', 'is', null)
    .where(sql<boolean>`coalesce(api_keys.expires_at > now(), true)`)
    .where('accounts.suspended_at', 'is', null);

/** The account of a key, the key's id, and what it may do. */
export interface KeyHolder {
  id: string;
  keyId: string;
  scopes: readonly KeyScope[];
}

/**
 * The account of a bearer key and the key's id; null where it is unknown, wrong, revoked or
 * expired, or the account is suspended. Digests are compared in constant time. Records that the key
 * was used.
 */
export async function authenticate(db: DbOrTx, key: string): Promise<KeyHolder | null> {
  const row = await working(db)
    .select(['api_keys.id', 'account_id', 'secret_sha256', 'scopes'])
    .select(
      sql<boolean>`coalesce(last_used_at < now() - make_interval(secs => ${USE_SECONDS}), true)
        and current_setting('transaction_read_only') = 'off'`.as('stale'),
    )
    .where('api_keys.id', '=', keyId(key))
    .executeTakeFirst();
  if (!row || !timingSafeEqual(row.secret_sha256, sha256(key))) return null;
  if (row.stale)
    await sql`update api_keys set last_used_at = now() where id = ${row.id}
      and (last_used_at is null or last_used_at < now() - make_interval(secs => ${USE_SECONDS}))`.execute(db);
  return { id: row.account_id, keyId: row.id, scopes: row.scopes };
}

/** Which of the keys still work. */
export async function workingKeys(db: DbOrTx, ids: string[]): Promise<string[]> {
  const keys = await working(db)
    .select('api_keys.id')
    .where('api_keys.id', '=', sql<string>`any(${ids}::text[])`)
    .execute();
  return keys.map(({ id }) => id);
}

/**
 * Whether a key works, was revoked (or expired, or does not exist), or its account is suspended.
 */
export async function keyState(db: DbOrTx, id: string): Promise<'works' | 'revoked' | 'suspended'> {
  const key = await db
    .selectFrom('api_keys')
    .innerJoin('accounts', 'accounts.id', 'api_keys.account_id')
    .select(['revoked_at', 'suspended_at'])
    .select(sql<boolean>`coalesce(api_keys.expires_at <= now(), false)`.as('expired'))
    .where('api_keys.id', '=', id)
    .executeTakeFirst();
  if (!key || key.revoked_at !== null || key.expired) return 'revoked';
  return key.suspended_at === null ? 'works' : 'suspended';
}

/** A key as its account sees it; never the secret. */
export type KeyRow = Awaited<ReturnType<typeof listKeys>>[number];

/** The account's keys, newest first; never the secrets. */
export async function listKeys(db: DbOrTx, accountId: string) {
  return await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'scopes', 'expires_at', 'credit_limit', 'credits_used'])
    .select(['created_at', 'last_used_at', 'revoked_at'])
    .where('account_id', '=', accountId)
    .orderBy('id', 'desc')
    .execute();
}

/** A key that expired counts as `expired` only if nobody revoked it. */
export function keyStatus({ revoked_at, expires_at }: Pick<KeyRow, 'revoked_at' | 'expires_at'>) {
  if (revoked_at !== null) return 'revoked';
  return expires_at !== null && expires_at <= new Date() ? 'expired' : 'works';
}

/** Ends a key at once. False when the account has no such key that still works. */
export async function revokeKey(db: DbOrTx, accountId: string, id: string): Promise<boolean> {
  if (!isId('key', id)) return false;
  const { numUpdatedRows } = await db
    .updateTable('api_keys')
    .set({ revoked_at: new Date() })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Whether some account has, or had, this key. */
export async function isKnownKey(db: DbOrTx, key: string): Promise<boolean> {
  return (
    (await db.selectFrom('api_keys').select('id').where('id', '=', keyId(key)).executeTakeFirst()) !==
    undefined
  );
}

/** The account of a key; null where there is no such key. */
export async function accountOfKey(db: DbOrTx, id: string): Promise<string | null> {
  const row = await db.selectFrom('api_keys').select('account_id').where('id', '=', id).executeTakeFirst();
  return row?.account_id ?? null;
}
