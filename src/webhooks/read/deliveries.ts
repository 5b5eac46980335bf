import { sql, type RawBuilder } from 'kysely';
import type { AttemptTrigger, DeliveryEvent, DeliveryStatus } from '../../database/enumerations.ts';
import type { Db, DbOrTx } from '../../database/tables.ts';
import { isId } from '../../ids.ts';
import type { BodySource } from '../send/body.ts';

/** A delivery as its owner sees it. */
export interface DeliveryView {
  id: string;
  job_id: string | null;
  event: DeliveryEvent;
  webhook_url: string;
  status: DeliveryStatus;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  next_attempt_at: Date | null;
  body_bytes: number | null;
  created_at: Date;
  finished_at: Date | null;
}

export interface AttemptView {
  number: number;
  trigger: AttemptTrigger;
  started_at: Date;
  finished_at: Date | null;
  status_code: number | null;
  error: string | null;
  error_detail: string | null;
  duration_ms: number | null;
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  first_byte_ms: number | null;
  bytes_sent: number | null;
  response_body: string | null;
}

export interface DeliveryFilter {
  status?: DeliveryStatus | undefined;
  job_id?: string | undefined;
  webhook_url?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  /**
   * Of the pending deliveries only those whose latest attempt failed (true), or only the others
   * (false).
   */
  failing?: boolean | undefined;
}

/** The columns that the owner sees of a delivery, from the view over outbox and history. */
const VIEW = sql`
  select id, job_id, event, webhook_url, status, attempts, last_status_code as last_status, last_error,
    next_attempt_at, body_bytes, created_at, finished_at from admin.all_deliveries`;

/** The account's deliveries, newest first, those after the id `before` in that order. */
export async function listDeliveries(
  db: DbOrTx,
  accountId: string,
  filter: DeliveryFilter,
  { limit, before }: { limit: number; before: string | null },
): Promise<DeliveryView[]> {
  const where: RawBuilder<unknown>[] = [sql`account_id = ${accountId}`];
  if (filter.job_id !== undefined) where.push(sql`job_id = ${filter.job_id}`);
  if (filter.webhook_url !== undefined) where.push(sql`webhook_url = ${filter.webhook_url}`);
  if (filter.since !== undefined) where.push(sql`created_at >= ${filter.since}`);
  if (filter.until !== undefined) where.push(sql`created_at < ${filter.until}`);
  if (before !== null) where.push(sql`id < ${before}`);
  if (filter.status !== undefined) where.push(sql`status = ${filter.status}`);
  if (filter.failing === true) where.push(sql`(status <> 'pending' or last_error is not null)`);
  if (filter.failing === false) where.push(sql`(status <> 'pending' or last_error is null)`);
  const { rows } = await sql<DeliveryView>`
    ${VIEW} where ${sql.join(where, sql` and `)} order by id desc limit ${limit}`.execute(db);
  return rows;
}

/**
 * One delivery with all its attempts, both as of one moment, or null when the account has none of
 * that id.
 */
export async function readDelivery(
  db: Db,
  accountId: string,
  id: string,
): Promise<(DeliveryView & { attempt_log: AttemptView[] }) | null> {
  if (!isId('dlv', id)) return null;
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const { rows } = await sql<DeliveryView>`
        ${VIEW} where account_id = ${accountId} and id = ${id}`.execute(tx);
      const delivery = rows[0];
      if (!delivery) return null;
      const attempts = await sql<AttemptView>`
        select number, trigger, started_at, finished_at, status_code, error, error_detail, duration_ms,
          dns_ms, connect_ms, tls_ms, first_byte_ms, bytes_sent, response_body
        from admin.all_attempts
        where account_id = ${accountId} and delivery_id = ${id}
        order by number`.execute(tx);
      return { ...delivery, attempt_log: attempts.rows };
    });
}

/** A delivery as its job shows it. */
export interface DeliveryOfJob {
  id: string;
  status: DeliveryStatus;
}

/** The same, with the reason why its latest attempt failed. */
export interface DeliveryState extends DeliveryOfJob {
  last_error: string | null;
}

/** The deliveries with which jobs end, by job id. Pending ones are in the outbox. */
export async function deliveriesOfJobs(
  db: DbOrTx,
  accountId: string,
  jobIds: string[],
): Promise<Map<string, DeliveryState>> {
  if (jobIds.length === 0) return new Map();
  const ofJobs = sql`
    account_id = ${accountId} and job_id = any(${jobIds}::text[]) and event = 'job.completed'`;
  const { rows } = await sql<DeliveryState & { job_id: string }>`
    select job_id, id, 'pending' as status, last_error from outbox where ${ofJobs}
    union all select job_id, id, status, last_error from deliveries where ${ofJobs}`.execute(db);
  return new Map(rows.map(({ job_id, ...delivery }) => [job_id, delivery]));
}

/** The delivery with which a job ends; null where there is none. */
export async function deliveryOfJob(
  db: DbOrTx,
  accountId: string,
  jobId: string,
): Promise<DeliveryOfJob | null> {
  return (await deliveriesOfJobs(db, accountId, [jobId])).get(jobId) ?? null;
}

/**
 * What the requests of a delivery carry: the parts of its body, the digest fixed at the first
 * attempt, and the caller's headers.
 */
export interface DeliveryContent extends BodySource {
  id: string;
  webhook_id: string;
  /** Sealed. */
  headers: string | null;
  /** In hexadecimal digits. */
  body_sha256: string | null;
  attempts: number;
}

/** The content of one of the account's deliveries, or null. */
export async function readContent(
  db: DbOrTx,
  accountId: string,
  id: string,
): Promise<DeliveryContent | null> {
  if (!isId('dlv', id)) return null;
  const columns = sql`
    account_id, id, job_id, event, head, tail, link, whole_job, page_ordinals, body_bytes,
    encode(body_sha256, 'hex') as body_sha256, webhook_id, headers, attempts`;
  const { rows } = await sql<DeliveryContent>`
    select ${columns} from outbox where account_id = ${accountId} and id = ${id}
    union all
    select ${columns}
    from deliveries
    where account_id = ${accountId} and id = ${id}
    limit 1`.execute(db);
  return rows[0] ?? null;
}
