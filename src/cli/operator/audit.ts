import { recordAudit } from '../../accounts/audit.ts';
import type { AuditAction } from '../../database/enumerations.ts';
import type { DbOrTx } from '../../database/tables.ts';

/** Records what an operator did to an account on the command line. */
export async function auditOperator(
  db: DbOrTx,
  account_id: string,
  action: AuditAction,
  target: string,
): Promise<void> {
  const actor = { kind: 'operator', key_id: null, ip: null } as const;
  await recordAudit(db, { account_id, actor, action, target, request_id: null });
}
