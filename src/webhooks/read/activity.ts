import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';
import { idFloor } from '../../ids.ts';

/**
 * The delivery attempts of an account in one hour. Durations are upper edges of histogram bins;
 * null without an attempt.
 */
export interface HourOfAttempts {
  hour: Date;
  succeeded: number;
  failed: number;
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
}

/** The last `hours` hours, the current one last. */
export async function attemptsByHour(
  db: DbOrTx,
  accountId: string,
  hours: number,
): Promise<HourOfAttempts[]> {
  const { rows } = await sql<HourOfAttempts>`
    with counted as (
      select hour, sum(succeeded)::int as succeeded, sum(failed)::int as failed,
        latency_sum(latency) as latency
      from endpoint_hours
      where account_id = ${accountId} and hour > now() - ${hours} * interval '1 hour' group by hour
    )
    select hour, coalesce(succeeded, 0) as succeeded, coalesce(failed, 0) as failed,
      ${quantile(0.5)} as p50_ms,
      ${quantile(0.95)} as p95_ms, ${quantile(0.99)} as p99_ms
    from generate_series(
      date_trunc('hour', now()) - ${hours - 1} * interval '1 hour', date_trunc('hour', now()),
      interval '1 hour'
    ) as hour
      left join counted using (hour)
    order by hour`.execute(db);
  return rows;
}

const quantile = (q: number) => sql`round(latency_quantile(latency, ${q})::numeric, 1)::float8`;

export interface Backlog {
  /** Deliveries that have not ended. */
  pending: number;
  /** Those whose latest attempt failed. */
  failing: number;
  /** Those that are due and not claimed. */
  due: number;
  oldest_due_at: Date | null;
}

/** The account's deliveries in the outbox. */
export async function readBacklog(db: DbOrTx, accountId: string): Promise<Backlog> {
  const { rows } = await sql<Backlog>`
    select count(*)::int as pending, count(*) filter (where last_error is not null)::int as failing,
      count(*) filter (where status = 'waiting' and next_attempt_at <= now())::int as due,
      min(next_attempt_at) filter (where status = 'waiting' and next_attempt_at <= now()) as oldest_due_at
    from outbox where account_id = ${accountId}`.execute(db);
  return rows[0]!;
}

/**
 * How many of the account's deliveries were exhausted in the last 24 hours, of those created in the
 * last five days.
 */
export async function countExhausted(db: DbOrTx, accountId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from deliveries
    where account_id = ${accountId} and status = 'exhausted' and finished_at > now() - interval '24 hours'
      and id >= ${idFloor('dlv', Date.now() - 5 * 86_400_000)}`.execute(db);
  return rows[0]!.n;
}
