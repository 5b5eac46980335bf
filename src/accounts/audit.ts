import { sql } from 'kysely';
import type { AuditAction, AuditActor } from '../database/enumerations.ts';
import type { DbOrTx } from '../database/tables.ts';
import { newId } from '../ids.ts';

/** Who does something, and from where. */
export interface Actor {
  kind: AuditActor;
  /** The key of the request or of the session; null where there is none. */
  key_id: string | null;
  ip: string | null;
}

export interface AuditEvent {
  account_id: string;
  actor: Actor;
  action: AuditAction;
  /** What the action was done to: an id or an endpoint; null where the action says it all. */
  target: string | null;
  request_id: string | null;
}

/** Records an action, best in the transaction that carries it out. */
export async function recordAudit(db: DbOrTx, event: AuditEvent): Promise<void> {
  const { account_id, actor, action, target, request_id } = event;
  await sql`
    insert into audit_events (account_id, id, actor, key_id, action, target, ip, request_id)
    values (${account_id}, ${newId('aud')}, ${actor.kind}, ${actor.key_id}, ${action}, ${target},
      ${actor.ip && withoutMapping(actor.ip)}, ${request_id})`.execute(db);
}

/** An IPv4 address as people write it, also where the socket is one of IPv6 (RFC 4291, 2.5.5.2). */
function withoutMapping(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice('::ffff:'.length) : ip;
}

/** An action as its account sees it. */
export interface RecordedAction {
  id: string;
  created_at: Date;
  actor: AuditActor;
  key_id: string | null;
  /** The name of the key. */
  key_name: string | null;
  action: AuditAction;
  target: string | null;
  ip: string | null;
}

/** The account's actions, newest first; with `keyId`, those of one key. */
export async function listAudit(
  db: DbOrTx,
  accountId: string,
  { keyId, before, limit }: { keyId?: string | undefined; before?: string | undefined; limit: number },
): Promise<RecordedAction[]> {
  const { rows } = await sql<RecordedAction>`
    select e.id, e.created_at, e.actor, e.key_id, k.name as key_name, e.action, e.target, e.ip
    from audit_events e left join api_keys k on k.id = e.key_id
    where e.account_id = ${accountId}
      ${keyId === undefined ? sql`` : sql`and e.key_id = ${keyId}`}
      ${before === undefined ? sql`` : sql`and e.id < ${before}`}
    order by e.id desc limit ${limit}`.execute(db);
  return rows;
}
