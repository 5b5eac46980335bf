import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';
import { idFloor } from '../ids.ts';
import { readHorizon } from './horizon.ts';

/** A delivery, or the end of a queued job that has no webhook_url. */
export interface Callback {
  /** dlv_…, or job_… where there is no delivery. */
  id: string;
  job_id: string | null;
  event: string;
  webhook_url: string | null;
  /** When the delivery was created, or the job ended. */
  at: Date;
}

/**
 * Where in the list a callback stands: a moment in microseconds since 1970, and the callback's id.
 */
export interface Place {
  moment: bigint;
  id: string;
}

/** How far the clock that makes ids may be from the database's. */
const CLOCKS_APART_MS = 60_000;

/**
 * The account's callbacks of `since` or later, oldest first, from the place `after` on. A delivery
 * stands at the time inside its id, a job at its end: each kind is read along an index, no further
 * than `limit`. None can appear later before one that is listed.
 */
export async function listCallbacks(
  db: DbOrTx,
  accountId: string,
  { since, after, limit }: { since: Date; after: Place | null; limit: number },
): Promise<(Callback & { place: Place })[]> {
  const start = after ?? { moment: BigInt(since.getTime() - CLOCKS_APART_MS) * 1000n, id: '' };
  const horizon = await readHorizon(db);
  const newest = idFloor('dlv', Number(horizon.process / 1000n));
  const deliveries = (table: 'outbox' | 'deliveries') => sql`
    (select id, job_id, event, webhook_url, created_at as at,
      ('x' || substr(id, 5, 12))::bit(48)::bigint * 1000 as moment
      from ${sql.table(table)}
      where account_id = ${accountId} and id > ${deliveryBefore(start)} and id < ${newest}
        and created_at >= ${since}
      order by id
      limit ${limit})`;
  const jobs = sql`
    (select id, id, 'job.completed', null, finished_at, (extract(epoch from finished_at) * 1000000)::bigint
      from jobs
      where account_id = ${accountId} and webhook_url is null and 'job.completed' = any (webhook_events)
        and finished_at >= ${since}
        and (finished_at, id) > (
          'epoch'::timestamptz + ${start.moment.toString()}::bigint * interval '1 microsecond', ${start.id}
        )
        and finished_at <
          'epoch'::timestamptz + ${horizon.database.toString()}::bigint * interval '1 microsecond'
      order by finished_at, id limit ${limit})`;
  const { rows } = await sql<Callback & { moment: string }>`
    select id, job_id, event, webhook_url, at, moment::text
    from (${deliveries('outbox')} union all ${deliveries('deliveries')} union all ${jobs}) callbacks
    order by callbacks.moment, id limit ${limit}`.execute(db);
  return rows.map(({ moment, ...callback }) => ({
    ...callback,
    place: { moment: BigInt(moment), id: callback.id },
  }));
}

/**
 * A lower bound of the ids of all deliveries after a place. At one moment, deliveries stand before
 * jobs.
 */
function deliveryBefore({ moment, id }: Place): string {
  if (id.startsWith('dlv_')) return id;
  return idFloor('dlv', Number(moment / 1000n) + (id === '' ? 0 : 1));
}
