import { sql, type Selectable } from 'kysely';
import { overlappingSecrets } from '../../accounts/signing-secrets.ts';
import { bigint, int, jsonb, rows as batch, text } from '../../database/rows.ts';
import type { Db, OutboxTable } from '../../database/tables.ts';
import { KEEP_LANE } from './lanes.ts';

/**
 * A delivery that this process may send until its lease ends. `attempts` is the number of the
 * attempt that has begun.
 */
export interface ClaimedDelivery extends Omit<
  Selectable<OutboxTable>,
  | 'status'
  | 'next_attempt_at'
  | 'leased_until'
  | 'begun_at'
  | 'body_sha256'
  | 'last_status_code'
  | 'last_error'
  | 'created_at'
> {
  /** When the attempt began by the database's clock, in milliseconds since 1970. */
  begun_ms: number;
  /** In hexadecimal digits. */
  body_sha256: string | null;
  webhook_secret: string;
  /** Previous secrets that still overlap, the newest first. */
  previous_secrets: string[];
}

/** Selects what is needed to send the deliveries that a common table expression has just leased. */
export const selectClaimed = (leased: string) => sql`
    select c.account_id, c.id, c.job_id, c.event, c.webhook_url, c.endpoint,
      c.webhook_id, c.head, c.tail, c.link, c.whole_job, c.page_ordinals, c.headers,
      c.body_bytes, encode(c.body_sha256, 'hex') as body_sha256, c.schedule_step, c.attempts, c.fence,
      c.lane, c.trigger, extract(epoch from c.begun_at)::float8 * 1000 as begun_ms,
      c.request_id, c.traceparent, a.webhook_secret,
      ${overlappingSecrets('a')} as previous_secrets
    from ${sql.ref(leased)} c join accounts a on a.id = c.account_id`;

/**
 * Lanes of one endpoint, from the first to the last, and how many of their due deliveries to claim.
 */
export interface LaneClaim {
  account_id: string;
  endpoint: string;
  first_lane: number;
  last_lane: number;
  count: number;
  /** The most to claim of each lane that has a limit of its own. */
  lane_limits: Record<number, number>;
}

/** Whether the endpoint of a row, which goes by this alias, is not paused. */
export const notPaused = (row: string) => sql`not exists (
  select from endpoints e
  where e.account_id = ${sql.ref(`${row}.account_id`)} and e.endpoint = ${sql.ref(`${row}.endpoint`)}
    and e.paused_at is not null
)`;

/**
 * Claims due deliveries, lane by lane and within a lane the oldest first, and begins their
 * attempts: all in one statement, committed before anything is sent. It costs a probe of outbox_due
 * for each lane visited and the rows taken, however much else is due, waiting or delivered. Rows
 * are locked through the index and updated by their place (ctid), so the plan depends on no
 * estimate. After `leaseMs` milliseconds a delivery is due again. Of an attempt whose lease has
 * ended nobody knows what the receiver saw: it goes on record as it began.
 */
export async function claim(db: Db, claims: LaneClaim[], leaseMs: number): Promise<ClaimedDelivery[]> {
  const asked = batch(claims, {
    account_id: text((c) => c.account_id),
    endpoint: text((c) => c.endpoint),
    first_lane: bigint((c) => c.first_lane),
    last_lane: bigint((c) => c.last_lane),
    count: int((c) => c.count),
    lane_limits: jsonb((c) => c.lane_limits),
  });
  const { rows } = await sql<ClaimedDelivery>`
    with asked as materialized (
      select * from ${asked.as('a')}
      where ${notPaused('a')}
    ), due as (
      select picked.* from asked cross join lateral (
        -- A loose index scan: from each lane that holds something to the next.
        with recursive lanes (lane) as (
          select (
            select lane from outbox where account_id = asked.account_id and endpoint = asked.endpoint
              and lane between asked.first_lane and asked.last_lane
            order by lane limit 1
          )
          union all
          select (
            select outbox.lane from outbox where account_id = asked.account_id and endpoint = asked.endpoint
              and outbox.lane > lanes.lane and outbox.lane <= asked.last_lane
            order by outbox.lane limit 1
          ) from lanes where lanes.lane is not null
        )
        select row.* from lanes cross join lateral (
          select ctid as place, account_id, id, status, attempts, trigger, begun_at from outbox
          where account_id = asked.account_id and endpoint = asked.endpoint and outbox.lane = lanes.lane
            and next_attempt_at <= now() and (leased_until is null or leased_until <= now())
          order by next_attempt_at
          limit coalesce((asked.lane_limits ->> lanes.lane::text)::int, asked.count)
          for update skip locked
        ) row
        limit asked.count
      ) picked
    ), claimed as (
      update outbox set status = 'sending', attempts = attempts + 1, fence = fence + 1, begun_at = now(),
        leased_until = now() + ${leaseMs} * interval '1 ms', ${KEEP_LANE}
      where ctid = any(array(select place from due))
      returning *
    ), lost as (
      insert into attempts (account_id, delivery_id, number, trigger, started_at)
      select account_id, id, attempts, trigger, begun_at from due where status = 'sending'
      on conflict do nothing
    )
    ${selectClaimed('claimed')}`.execute(db);
  return rows;
}

/**
 * Prolongs leases. Returns the fences of the claims that still hold, by delivery; the others belong
 * to another process, or are about to end. It waits for no row, so that it cannot deadlock with a
 * transaction that records some of these deliveries.
 */
export async function renew(
  db: Db,
  deliveries: ClaimedDelivery[],
  leaseMs: number,
): Promise<Map<string, number>> {
  const held = batch(deliveries, {
    account_id: text((d) => d.account_id),
    id: text((d) => d.id),
    fence: int((d) => d.fence),
  });
  const { rows } = await sql<{ id: string; fence: number }>`
    with free as (
      select o.ctid as place
      from outbox o join ${held.as('held')} using (account_id, id, fence)
      where o.status = 'sending'
      for update of o skip locked
    )
    update outbox set leased_until = now() + ${leaseMs} * interval '1 ms', ${KEEP_LANE}
    where ctid = any(array(select place from free))
    returning id, fence`.execute(db);
  return new Map(rows.map((row) => [row.id, row.fence]));
}
