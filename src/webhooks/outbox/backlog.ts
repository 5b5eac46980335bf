import { sql } from 'kysely';
import type { Db } from '../../database/tables.ts';
import { FIRST_URL_LANE, LAST_LANE, RETRY_LANE, URGENT_LANE } from './lanes.ts';
import { notPaused } from './claim.ts';

/** The kinds of lanes of an endpoint. */
export type LaneKind = 'urgent' | 'retries' | 'fresh';

/**
 * An endpoint with deliveries in lanes of this kind, and the milliseconds until the first of them
 * is due (0: now).
 */
export interface DueLanes {
  account_id: string;
  endpoint: string;
  kind: LaneKind;
  due_in_ms: number;
}

/**
 * What is in the outbox and not under way, by endpoint and kind of lane; paused endpoints left out.
 * Goes from one to the next along outbox_due (a loose index scan), so the cost grows with the
 * number of endpoints, and of the deliveries under way, not of rows. The lanes of URLs count as due
 * whatever they hold.
 */
export async function readDueLanes(db: Db): Promise<DueLanes[]> {
  const { rows } = await sql<DueLanes>`
    with recursive hop as (
      (
        select account_id, endpoint, lane, next_attempt_at, leased_until from outbox
        order by account_id, endpoint, lane, next_attempt_at limit 1
      )
      union all
      select next.* from hop cross join lateral (
        select account_id, endpoint, lane, next_attempt_at, leased_until from outbox
        where (outbox.account_id, outbox.endpoint, outbox.lane)
          > (
            hop.account_id, hop.endpoint,
            case when hop.lane >= ${FIRST_URL_LANE} then ${LAST_LANE} else hop.lane end
          )
        order by account_id, endpoint, lane, next_attempt_at limit 1
      ) next
    ), free as (
      select account_id, endpoint, lane, next_attempt_at from hop
      where leased_until is null or leased_until <= now()
      union all
      -- The first delivery of these lanes is under way: is there another?
      select hop.account_id, hop.endpoint, hop.lane, other.next_attempt_at
      from hop cross join lateral (
        select outbox.next_attempt_at from outbox
        where outbox.account_id = hop.account_id and outbox.endpoint = hop.endpoint
          and outbox.lane between hop.lane
            and case when hop.lane >= ${FIRST_URL_LANE} then ${LAST_LANE} else hop.lane end
          and (outbox.leased_until is null or outbox.leased_until <= now())
        order by outbox.lane, outbox.next_attempt_at limit 1
      ) other
      where hop.leased_until > now()
    )
    select account_id, endpoint,
      case lane when ${URGENT_LANE} then 'urgent' when ${RETRY_LANE} then 'retries' else 'fresh' end as kind,
      case when lane >= ${FIRST_URL_LANE} then 0
        else greatest(0, extract(epoch from next_attempt_at - now()) * 1000) end::float8 as due_in_ms
    from free
    where ${notPaused('free')}`.execute(db);
  return rows;
}
