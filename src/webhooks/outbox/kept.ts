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
  const { rows } = await sql<{ webhook_url: string; gone: boolean }>`
    select d.webhook_url, case
      when d.page_ordinals is not null then cardinality(d.page_ordinals) > (
        select count(*) from pages p where p.account_id = d.account_id and p.job_id = d.job_id
          and p.ordinal = any(d.page_ordinals) and p.fragment is not null)
      when d.whole_job or d.link is not null then not exists (
        select from pages p where p.account_id = d.account_id and p.job_id = d.job_id)
      else false
    end as gone
    from (
      select account_id, id, job_id, webhook_url, link, whole_job, page_ordinals from outbox
      union all select account_id, id, job_id, webhook_url, link, whole_job, page_ordinals from deliveries
    ) d
    where d.account_id = ${accountId} and d.id = ${id}`.execute(db);
  if (rows[0]?.gone === false) return rows[0];
  if (rows[0] ?? (await isDropped(db, id)))
    throw new ServiceError('gone', 'What this delivery carries is not kept any longer.');
  throw notFound('delivery');
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
