import { sql, type Selectable } from 'kysely';
import { int, rows, text } from '../../database/rows.ts';
import type { Db, OutboxTable } from '../../database/tables.ts';

/** A delivery that this process may send until its lease ends. `attempts` is this attempt's number and the claim's fence. */
export interface Claimed extends Omit<
  Selectable<OutboxTable>,
  'status' | 'next_attempt_at' | 'leased_until' | 'last_status_code' | 'last_error' | 'created_at'
> {
  webhook_secret: string;
  /** The previous secret while it overlaps. */
  previous_secret: string | null;
}

/** How many due deliveries of one endpoint are wanted. */
export interface Want {
  account_id: string;
  endpoint: string;
  count: number;
}

/**
 * Claims due deliveries, at most `count` of each endpoint wanted, oldest due first, and begins their attempts: all in one
 * statement, committed before anything is sent. The cost is a probe of outbox_due per endpoint wanted plus the rows taken, whatever
 * else is due, waiting or delivered: the rows are locked through the index and updated by their place (ctid), so the planner has no
 * estimate to be wrong about. The lease is in milliseconds; afterwards the delivery is due again.
 */
export async function claim(db: Db, wants: Want[], leaseMs: number): Promise<Claimed[]> {
  const wanted = rows(wants, {
    account_id: text((want) => want.account_id),
    endpoint: text((want) => want.endpoint),
    count: int((want) => want.count),
  });
  const claimed = await sql<Claimed>`
    with due as (
      select o.place
      from ${wanted.as('w')}
      cross join lateral (
        select ctid as place from outbox
        where not exists (select from endpoints e where e.account_id = w.account_id and e.endpoint = w.endpoint and e.paused_at is not null)
          and outbox.account_id = w.account_id and outbox.endpoint = w.endpoint and next_attempt_at <= now()
          and (leased_until is null or leased_until <= now())
        order by next_attempt_at
        limit w.count
        for update skip locked
      ) o
    ), claimed as (
      update outbox set status = 'sending', attempts = attempts + 1, leased_until = now() + ${leaseMs} * interval '1 ms'
      where ctid = any(array(select place from due))
      returning outbox.*
    ), begun as (
      insert into attempts (account_id, delivery_id, number, trigger)
      select account_id, id, attempts, trigger from claimed
    )
    select c.account_id, c.id, c.job_id, c.event, c.webhook_url, c.endpoint, c.webhook_id, c.head, c.tail, c.whole_job, c.page_ordinal, c.headers,
      c.body_bytes, c.body_sha256, c.schedule_step, c.attempts, c.trigger, c.request_id, c.traceparent, a.webhook_secret,
      case when a.previous_secret_until > now() then a.previous_secret end as previous_secret
    from claimed c join accounts a on a.id = c.account_id`.execute(db);
  return claimed.rows;
}

/** Prolongs the leases of claims that take long. Returns the fences of those still held, by id; the others have passed to somebody else. */
export async function renew(db: Db, claims: Claimed[], leaseMs: number): Promise<Map<string, number>> {
  const fences = rows(claims, {
    account_id: text((claimed) => claimed.account_id),
    id: text((claimed) => claimed.id),
    attempts: int((claimed) => claimed.attempts),
  });
  const held = await sql<{ id: string; attempts: number }>`
    update outbox o set leased_until = now() + ${leaseMs} * interval '1 ms'
    from ${fences.as('held')}
    where o.account_id = held.account_id and o.id = held.id and o.attempts = held.attempts and o.status = 'sending'
    returning o.id, o.attempts`.execute(db);
  return new Map(held.rows.map((row) => [row.id, row.attempts]));
}

/** An endpoint with deliveries in the outbox, and the milliseconds until the first of them is due (0: now). */
export interface Backlog {
  account_id: string;
  endpoint: string;
  due_in_ms: number;
}

/**
 * Every endpoint that has something in the outbox and is not paused. Hops from one to the next along outbox_due (a loose index scan), so the cost
 * grows with the number of endpoints, not of rows.
 */
export async function backlog(db: Db): Promise<Backlog[]> {
  const found = await sql<Backlog>`
    with recursive hop as (
      (select account_id, endpoint, next_attempt_at from outbox order by account_id, endpoint, next_attempt_at limit 1)
      union all
      select next.* from hop cross join lateral (
        select account_id, endpoint, next_attempt_at from outbox
        where (outbox.account_id, outbox.endpoint) > (hop.account_id, hop.endpoint)
        order by account_id, endpoint, next_attempt_at limit 1
      ) next
    )
    select account_id, endpoint, greatest(0, extract(epoch from next_attempt_at - now()) * 1000)::float8 as due_in_ms from hop
    where not exists (select from endpoints e where e.account_id = hop.account_id and e.endpoint = hop.endpoint and e.paused_at is not null)`.execute(
    db,
  );
  return found.rows;
}
