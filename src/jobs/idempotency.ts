import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { DbOrTx, Tx } from '../database/tables.ts';
import { ServiceError } from '../service-error.ts';

/** A client's Idempotency-Key and the digest of the request that it came with. */
export interface IdempotencyClaim {
  key: string;
  request_sha256: Buffer;
}

/** The digest by which two requests are the same: over the path and the exact body. */
export function requestDigest(path: string, body: Buffer): Buffer {
  return createHash('sha256').update(path).update('\0').update(body).digest();
}

/**
 * Ties the key to the job, or the schedule, that the caller's transaction is about to create and
 * returns null, or returns the id of the one that it is tied to already. Throws ServiceError
 * `idempotency_mismatch` or `idempotency_busy`.
 */
export async function claimIdempotencyKey(
  tx: Tx,
  accountId: string,
  claim: IdempotencyClaim,
  id: string,
): Promise<string | null> {
  const lock = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${`${accountId} ${claim.key}`}, 0)) as held`.execute(
    tx,
  );
  if (!lock.rows[0]!.held)
    throw new ServiceError('idempotency_busy', 'Try again in a moment.', { retryAfterSeconds: 1 });
  const earlier = await earlierId(tx, accountId, claim);
  if (earlier !== null) return earlier;
  await tx
    .insertInto('idempotency_keys')
    .values({ account_id: accountId, job_id: id, ...claim })
    .execute();
  return null;
}

/**
 * The id of what an earlier request with the key made; null where none did. Such a request is not
 * checked again: what it names may have changed since. Throws ServiceError `idempotency_mismatch`.
 */
export async function earlierId(
  db: DbOrTx,
  accountId: string,
  { key, request_sha256 }: IdempotencyClaim,
): Promise<string | null> {
  const earlier = await db
    .selectFrom('idempotency_keys')
    .select(['request_sha256', 'job_id'])
    .where('account_id', '=', accountId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (!earlier) return null;
  if (!earlier.request_sha256.equals(request_sha256))
    throw new ServiceError(
      'idempotency_mismatch',
      'Send a new key with a new request, or repeat the first request exactly.',
    );
  return earlier.job_id;
}

/** Forgets keys older than 24 hours. */
export async function forgetIdempotencyKeys(db: DbOrTx): Promise<void> {
  await db
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', sql<Date>`now() - interval '24 hours'`)
    .execute();
}
