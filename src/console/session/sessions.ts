import { createHash, createHmac, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';

/** The lifetime of a session from its sign-in. */
export const SESSION_SECONDS = 12 * 3600;

export interface Session {
  account_id: string;
  account_name: string;
  credits: number;
  key_id: string;
}

const accountDigest = (token: string) => createHash('sha256').update(token).digest();
/** Keyed by ADMIN_TOKEN: a new token ends all sessions, and no digest of it is stored. */
const operatorDigest = (token: string, adminToken: string) =>
  createHmac('sha256', adminToken).update(token).digest();

/** Opens a session for an API key. Returns the token for the browser; it is not stored. */
export async function openSession(db: DbOrTx, accountId: string, keyId: string): Promise<string> {
  const token = newToken();
  await insert(db, accountDigest(token), accountId, keyId);
  return token;
}

/** Opens an operator's session. */
export async function openOperatorSession(db: DbOrTx, adminToken: string): Promise<string> {
  const token = newToken();
  await insert(db, operatorDigest(token, adminToken), null, null);
  return token;
}

/** A secret for a cookie: 256 random bits. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

async function insert(
  db: DbOrTx,
  digest: Buffer,
  accountId: string | null,
  keyId: string | null,
): Promise<void> {
  await sql`delete from console_sessions where expires_at < now()`.execute(db);
  await sql`insert into console_sessions (digest, account_id, key_id, expires_at)
    values (${digest}, ${accountId}, ${keyId}, now() + ${SESSION_SECONDS} * interval '1 s')`.execute(db);
}

/** The session of this token, or null: unknown, expired, or its key was revoked. */
export async function findSession(db: DbOrTx, token: string): Promise<Session | null> {
  const { rows } = await sql<Session>`
    select s.account_id, s.key_id, a.name as account_name, a.credits
    from console_sessions s join api_keys k on k.id = s.key_id join accounts a on a.id = s.account_id
    where s.digest = ${accountDigest(token)} and s.expires_at > now() and k.revoked_at is null
      and coalesce(k.expires_at > now(), true)`.execute(db);
  return rows[0] ?? null;
}

/** Whether this token opens an operator's session. */
export async function isOperatorSession(db: DbOrTx, token: string, adminToken: string): Promise<boolean> {
  const { rows } = await sql`select 1 from console_sessions
    where digest = ${operatorDigest(token, adminToken)} and account_id is null
      and expires_at > now()`.execute(db);
  return rows.length > 0;
}

/** Ends the session of this token. */
export async function closeSession(db: DbOrTx, token: string, adminToken: string | undefined): Promise<void> {
  const digests = [
    accountDigest(token),
    ...(adminToken === undefined ? [] : [operatorDigest(token, adminToken)]),
  ];
  await sql`delete from console_sessions where digest = any(${digests}::bytea[])`.execute(db);
}

/** The token that a form of this session must carry; another site cannot know it. */
export function csrfToken(token: string): string {
  return createHmac('sha256', token).update('form').digest('base64url');
}
