import type { DbOrTx } from '../../database/tables.ts';
import { insufficientScope, invalidField, ServiceError } from '../../service-error.ts';
import type { KeyLimits } from './keys.ts';

/**
 * Throws ServiceError where a key would create one that may do more than itself. The new key has
 * only scopes of its maker and does not outlive it; a key with a credit limit makes none.
 */
export async function checkGrant(db: DbOrTx, makerId: string, wanted: KeyLimits): Promise<void> {
  const maker = await db
    .selectFrom('api_keys')
    .select(['scopes', 'expires_at', 'credit_limit'])
    .where('id', '=', makerId)
    .executeTakeFirstOrThrow();
  const missing = wanted.scopes.find((scope) => !maker.scopes.includes(scope));
  if (missing !== undefined) throw insufficientScope(missing);
  if (maker.credit_limit !== null)
    throw new ServiceError('forbidden', 'A key with a credit limit makes no other keys.');
  if (maker.expires_at !== null && (wanted.expires_at === null || wanted.expires_at > maker.expires_at))
    throw invalidField('expires_at', `must be at most ${maker.expires_at.toISOString()}, as of this key`);
}
