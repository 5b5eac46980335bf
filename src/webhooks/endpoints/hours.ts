import { sql } from 'kysely';
import { PREPARED } from '../../database/connect/prepared.ts';
import { int, rows, smallint, text } from '../../database/rows.ts';
import type { Tx } from '../../database/tables.ts';
import type { FinishedAttempt } from '../outbox/finished-attempt.ts';

/**
 * The bins of the latency histogram: bin n counts attempts of at most 2^(n/2) ms, so 40 bins reach
 * beyond nine minutes.
 */
const BINS = 40;

function binOf(ms: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.ceil(Math.log2(Math.max(1, ms)) * 2)));
}

interface Tally {
  account_id: string;
  endpoint: string;
  succeeded: number;
  failed: number;
  latency: number[];
  last_status_code: number | null;
  last_error: string | null;
}

/**
 * Counts finished attempts into their endpoints' current hour. Rows are locked in one order, so
 * that dispatchers cannot deadlock.
 */
export async function countAttempts(tx: Tx, batch: FinishedAttempt[]): Promise<void> {
  const tallies = new Map<string, Tally>();
  for (const { delivery, result } of batch) {
    const key = `${delivery.account_id} ${delivery.endpoint}`;
    let tally = tallies.get(key);
    if (!tally) {
      const { account_id, endpoint } = delivery;
      tally = {
        account_id,
        endpoint,
        succeeded: 0,
        failed: 0,
        latency: Array.from({ length: BINS }, () => 0),
        last_status_code: null,
        last_error: null,
      };
      tallies.set(key, tally);
    }
    tally.latency[binOf(result.duration_ms)]!++;
    if (result.error === null) tally.succeeded++;
    else {
      tally.failed++;
      tally.last_error = result.error;
    }
    tally.last_status_code = result.status_code ?? tally.last_status_code;
  }
  const counted = rows(
    [...tallies.keys()].toSorted().map((key) => tallies.get(key)!),
    {
      account_id: text((tally) => tally.account_id),
      endpoint: text((tally) => tally.endpoint),
      succeeded: int((tally) => tally.succeeded),
      failed: int((tally) => tally.failed),
      latency: text((tally) => `{${tally.latency.join(',')}}`),
      last_status_code: smallint((tally) => tally.last_status_code),
      last_error: text((tally) => tally.last_error),
    },
  );
  await sql`${PREPARED}
    insert into endpoint_hours as h (
      account_id, endpoint, hour, succeeded, failed, latency, last_status_code, last_error, last_at
    )
    select account_id, endpoint, date_trunc('hour', now()), succeeded, failed, latency::integer[],
      last_status_code, last_error, now()
    from ${counted.asPrepared('r')}
    on conflict (account_id, endpoint, hour) do update set
      succeeded = h.succeeded + excluded.succeeded, failed = h.failed + excluded.failed,
      latency = latency_add(h.latency::bigint[], excluded.latency)::integer[],
      last_status_code = coalesce(excluded.last_status_code, h.last_status_code),
      last_error = coalesce(excluded.last_error, h.last_error), last_at = excluded.last_at`.execute(tx);
}
