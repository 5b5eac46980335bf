import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';
import { idFloor } from '../../ids.ts';

/** What an account's jobs did in one minute. */
export interface MinuteOfWork {
  minute: Date;
  /** Jobs created. */
  jobs: number;
  /** Pages settled: those of a job are spread evenly over the time that it ran. */
  pages: number;
}

/**
 * The last `minutes` minutes, the current one last. Reads no pages, only jobs: those that run, and
 * those created within twice the time.
 */
export async function activityByMinute(
  db: DbOrTx,
  accountId: string,
  minutes: number,
): Promise<MinuteOfWork[]> {
  const oldest = idFloor('job', Date.now() - 2 * minutes * 60_000);
  const { rows } = await sql<MinuteOfWork>`
    with window_of as (
      select date_trunc('minute', now()) - ${minutes - 1} * interval '1 minute' as first,
        date_trunc('minute', now()) as last
    ), work as (
      select created_at, coalesce(finished_at, now()) as until, total - remaining as pages
      from jobs where account_id = ${accountId} and (id >= ${oldest} or finished_at is null)
    ), created as (
      select date_trunc('minute', created_at) as minute, count(*) as jobs from work group by 1
    ), settled as (
      select minute,
        sum(
          pages
          * extract(epoch from least(until, minute + interval '1 minute') - greatest(created_at, minute))
          / greatest(extract(epoch from until - created_at), 0.001)
        ) as pages
      from work, window_of, generate_series(
        date_trunc('minute', greatest(created_at, first)), until, interval '1 minute'
      ) as minute
      group by 1
    )
    select minute, coalesce(jobs, 0)::int as jobs, round(coalesce(pages, 0), 1)::float8 as pages
    from window_of, generate_series(first, last, interval '1 minute') as minute
      left join created using (minute) left join settled using (minute)
    order by minute`.execute(db);
  return rows;
}
