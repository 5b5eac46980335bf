import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';
import { createdAt } from '../../ids.ts';
import { notFound, ServiceError } from '../../service-error.ts';

/**
 * The destination of a delivery that can be sent again. Throws a ServiceError where it cannot:
 * `not_found` where the account has none of that id, `gone` where retention has dropped the
 * delivery or what it would send. An id tells the day of its partition, so that the answer for a
 * dropped one is the same whoever asks.
 */
export async function readKept(db: DbOrTx, accountId: string, id: string): Promise<{ webhook_url: string }> {
  const columns = sql.raw('webhook_url, job_id, link, whole_job, page_ordinals');
  const { rows } = await sql<Kept>`
    select ${columns} from outbox where account_id = ${accountId} and id = ${id}
    union all
    select ${columns} from deliveries where account_id = ${accountId} and id = ${id}`.execute(db);
  const [found] = rows;
  if (found && (await hasPages(db, accountId, found))) return found;
  if (found ?? (await isDropped(db, id)))
    throw new ServiceError('gone', 'What this delivery carries is not kept any longer.');
  throw notFound('delivery');
}

interface Kept {
  webhook_url: string;
  job_id: string | null;
  link: string | null;
  whole_job: boolean;
  page_ordinals: number[] | null;
}

/** Whether the pages are there that a delivery carries or leads to. */
async function hasPages(
  db: DbOrTx,
  accountId: string,
  { job_id, link, whole_job, page_ordinals }: Kept,
): Promise<boolean> {
  if (page_ordinals === null && !whole_job && link === null) return true;
  const ofJob = sql`account_id = ${accountId} and job_id = ${job_id}`;
  const named = sql`ordinal = any(${page_ordinals}::int[]) and fragment is not null`;
  const { rows } = await sql<{ pages: number }>`
    select count(*)::int as pages from (
      select from pages where ${ofJob} ${page_ordinals === null ? sql`limit 1` : sql`and ${named}`}
    ) as kept`.execute(db);
  return rows[0]!.pages >= (page_ordinals?.length ?? 1);
}

/** Whether the partition in which a delivery of that id would be has been dropped. */
async function isDropped(db: DbOrTx, id: string): Promise<boolean> {
  const created = new Date(createdAt(id));
  const { rows } = await sql<{ dropped: boolean }>`
    select ${created} < now() - interval '1 day'
      and to_regclass('deliveries_' || to_char(${created}::timestamptz at time zone 'utc', 'YYYYMMDD')) is null
      as dropped`.execute(db);
  return rows[0]!.dropped;
}
