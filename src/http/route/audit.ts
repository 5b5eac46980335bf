import type { AuditAction } from '../../database/enumerations.ts';
import type { Caller } from '../locals.ts';
import type { Reply } from './reply.ts';
import type { RouteDescription, RouteRequest } from './route.ts';

/** What a caller has done. */
export interface AuditedCall {
  caller: Caller;
  action: AuditAction;
  target: string | null;
  ip: string | null;
  request_id: string;
}

/** Records it. */
export type Audit = (call: AuditedCall) => Promise<void>;

type Request = Pick<
  RouteRequest<Record<string, string>, unknown, unknown, Caller>,
  'account' | 'params' | 'ip' | 'requestId'
>;

/** Records what a request has done, where its route says that this is recorded. */
export async function audited(
  { audit: action }: RouteDescription,
  { account: caller, params, ip, requestId }: Request,
  reply: Reply,
  audit: Audit,
): Promise<void> {
  if (action === undefined || reply.audited === null) return;
  const target = reply.audited ?? Object.values(params)[0] ?? null;
  await audit({ caller, action, target, ip, request_id: requestId });
}
