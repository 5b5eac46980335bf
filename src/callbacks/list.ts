import { sql } from 'kysely';
import type { DbOrTx } from '../database.ts';
import { idFloor } from '../ids.ts';

/** What an account's receivers are told, or would be: a delivery, or the end of a queued job that has no webhook_url. */
export interface Callback {
  /** dlv_…, or job_… where there is no delivery. */
  id: string;
  job_id: string | null;
  event: string;
  webhook_url: string | null;
  /** When it came up. */
  at: Date;
  /** The same in microseconds since 1970: the place in the list. */
  place: string;
}

/** The account's callbacks that came up at or after `since`, oldest first, those after the place and id of `after`. */
export async function listCallbacks(
  db: DbOrTx,
  accountId: string,
  since: Date,
  limit: number,
  after: { place: string; id: string } | null,
): Promise<Callback[]> {
  // Ids begin with the time at which they were made: this bound spares the partitions of days before.
  const first = idFloor('dlv', since.getTime() - CLOCKS_APART_MS);
  const { rows } = await sql<Callback>`
    select id, job_id, event, webhook_url, at, (extract(epoch from at) * 1000000)::bigint::text as place
    from (
      select id, job_id, event, webhook_url, created_at as at from outbox
        where account_id = ${accountId} and id >= ${first} and created_at >= ${since}
      union all select id, job_id, event, webhook_url, created_at from deliveries
        where account_id = ${accountId} and id >= ${first} and created_at >= ${since}
      union all select id, id, 'job.completed', null, finished_at from jobs
        where account_id = ${accountId} and finished_at >= ${since} and webhook_url is null and 'job.completed' = any(webhook_events)
    ) callbacks
    where ${after === null} or (at, id) > ('epoch'::timestamptz + ${after?.place ?? '0'}::bigint * interval '1 microsecond', ${after?.id ?? ''})
    order by at, id limit ${limit}`.execute(db);
  return rows;
}

/** The clock that makes ids may differ so much from the database's. */
const CLOCKS_APART_MS = 2 * 3_600_000;
