import type { Response } from 'express';
import { recordAudit } from '../../accounts/audit.ts';
import type { AuditAction } from '../../database/enumerations.ts';
import type { Db } from '../../database/tables.ts';
import { requestIdOf } from '../../http/locals.ts';

/** What an operator did to an account. */
export interface OperatorAction {
  account_id: string;
  action: AuditAction;
  target: string;
}

/** Records what an operator did on a page. */
export async function auditOperator(db: Db, res: Response, done: OperatorAction): Promise<void> {
  const actor = { kind: 'operator', key_id: null, ip: res.req.ip ?? null } as const;
  await recordAudit(db, { ...done, actor, request_id: requestIdOf(res) });
}
