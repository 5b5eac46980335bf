import { sql } from 'kysely';
import { int, rows, text } from '../../database/rows.ts';
import type { Db, DbOrTx } from '../../database/tables.ts';
import { notify } from '../../database/notifications.ts';
import { INITIAL_CONCURRENCY } from '../dispatch/endpoint/endpoint-concurrency.ts';
import { intoHistory } from '../outbox/move.ts';

/** How an endpoint is doing. Rates and durations are of the last 24 hours. */
export interface EndpointView {
  endpoint: string;
  /**
   * `paused` by its owner; `backing_off` after failures in a row: it is probed until it answers,
   * and nothing is dropped.
   */
  status: 'active' | 'backing_off' | 'paused';
  paused_at: Date | null;
  resting_until: Date | null;
  attempts: number;
  success_rate: number | null;
  p95_ms: number | null;
  last_status: number | null;
  last_error: string | null;
  last_attempt_at: Date | null;
  in_flight: number;
  /** The most requests that a dispatcher sends to it at once. */
  concurrency: number;
  backlog: number;
  oldest_due_at: Date | null;
}

/**
 * The account's endpoints with attempts in the last 24 hours, deliveries in the outbox, or a pause.
 */
export async function listEndpoints(db: DbOrTx, accountId: string): Promise<EndpointView[]> {
  const found = await sql<EndpointView>`
    with hours as (
      select endpoint, sum(succeeded)::int as succeeded, sum(succeeded + failed)::int as attempts,
        latency_sum(latency) as latency,
        (array_agg(last_status_code order by hour desc) filter (where last_status_code is not null))[1]
          as last_status,
        (array_agg(last_error order by hour desc) filter (where last_error is not null))[1] as last_error,
        max(last_at) as last_at
      from endpoint_hours
      where account_id = ${accountId} and hour > now() - interval '24 hours'
      group by endpoint
    ), open as (
      select endpoint, count(*)::int as backlog,
        count(*) filter (where status = 'sending' and leased_until > now())::int as in_flight,
        min(next_attempt_at) filter (where next_attempt_at <= now() and status = 'waiting') as oldest_due_at
      from outbox where account_id = ${accountId} group by endpoint
    ), known as (
      select * from endpoints where account_id = ${accountId}
    )
    select endpoint,
      case
        when paused_at is not null then 'paused'
        when resting_until > now() then 'backing_off'
        else 'active'
      end as status,
      paused_at, case when resting_until > now() then resting_until end as resting_until,
      coalesce(attempts, 0) as attempts,
      round(succeeded::numeric / nullif(attempts, 0), 4)::float8 as success_rate,
      round(latency_quantile(latency, 0.95)::numeric, 1)::float8 as p95_ms, last_status, last_error,
      last_at as last_attempt_at,
      coalesce(in_flight, 0) as in_flight, coalesce(concurrency, ${INITIAL_CONCURRENCY}) as concurrency,
      coalesce(backlog, 0) as backlog, oldest_due_at
    from hours full join open using (endpoint) full join known using (endpoint)
    where attempts is not null or backlog is not null or paused_at is not null or resting_until > now()
    order by endpoint`.execute(db);
  return found.rows;
}

/** Stops sending to the endpoint: its deliveries wait in the outbox. Requests under way finish. */
export async function pauseEndpoint(db: DbOrTx, accountId: string, endpoint: string): Promise<void> {
  await sql`insert into endpoints (account_id, endpoint, paused_at) values (${accountId}, ${endpoint}, now())
    on conflict (account_id, endpoint) do update
    set paused_at = coalesce(endpoints.paused_at, now())`.execute(db);
}

/** Sends to the endpoint again. */
export async function resumeEndpoint(db: Db, accountId: string, endpoint: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`
    update endpoints set paused_at = null
    where account_id = ${accountId} and endpoint = ${endpoint}`.execute(tx);
    await notify(tx, { type: 'outbox', account_id: accountId, endpoint });
  });
}

/**
 * Takes the waiting deliveries of the endpoint out of the outbox; each can be redelivered. Returns
 * how many.
 */
export async function cancelPending(db: DbOrTx, accountId: string, endpoint: string): Promise<number> {
  const result = await sql`
    with gone as (
      delete from outbox where account_id = ${accountId} and endpoint = ${endpoint} and status = 'waiting'
      returning *, 'cancelled' as end_status, last_status_code as end_status_code, last_error as end_error,
        body_bytes as end_bytes, body_sha256 as end_sha256
    )
    ${intoHistory(sql`gone`)}`.execute(db);
  return Number(result.numAffectedRows);
}

/** Whether the account uses the endpoint, or did lately. */
export async function knowsEndpoint(db: DbOrTx, accountId: string, endpoint: string): Promise<boolean> {
  const found = await sql`
    select 1 from outbox where account_id = ${accountId} and endpoint = ${endpoint}
    union all select 1 from endpoint_hours where account_id = ${accountId} and endpoint = ${endpoint}
    union all
    select 1
    from endpoints
    where account_id = ${accountId} and endpoint = ${endpoint}
    limit 1`.execute(db);
  return found.rows.length > 0;
}

/** An endpoint of an account, by its host and port. */
export interface EndpointName {
  account_id: string;
  endpoint: string;
}

/** Records that a dispatcher leaves an endpoint alone for `ms`, or (0) that it answers again. */
export async function recordPause(
  db: DbOrTx,
  { account_id, endpoint }: EndpointName,
  { ms, failures }: { ms: number; failures: number },
): Promise<void> {
  await sql`
    insert into endpoints (account_id, endpoint, resting_until, failures)
    values (${account_id}, ${endpoint}, now() + ${ms} * interval '1 ms', ${failures})
    on conflict (account_id, endpoint) do update set resting_until = excluded.resting_until,
      failures = excluded.failures`.execute(db);
}

/** Records the most requests that a dispatcher sends to each endpoint at once. */
export async function recordConcurrency(
  db: DbOrTx,
  endpoints: (EndpointName & { concurrency: number })[],
): Promise<void> {
  const sorted = endpoints.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const batch = rows(sorted, {
    account_id: text((e) => e.account_id),
    endpoint: text((e) => e.endpoint),
    concurrency: int((e) => e.concurrency),
  });
  await sql`
    insert into endpoints (${batch.columns}) select * from ${batch.as('b')}
    on conflict (account_id, endpoint) do update set concurrency = excluded.concurrency`.execute(db);
}

const key = ({ account_id, endpoint }: EndpointName) => `${account_id} ${endpoint}`;
