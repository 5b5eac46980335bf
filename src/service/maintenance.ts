import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { forgetIdempotencyKeys } from '../jobs/idempotency.ts';
import { forgetRuns } from '../schedules/runs/runs.ts';
import { forgetClocks } from '../workers/hosts/clock.ts';
import { dropOldDays } from '../database/retention.ts';

const INTERVAL_MS = 10 * 60_000;
/** Days made ahead, so that a process which cannot do this for a while can still write. */
const DAYS_AHEAD = 3;

/**
 * Creates the partitions of the coming days, and deletes what has expired. Several processes may do
 * it.
 */
export async function maintain({ db, config, log }: Pick<Context, 'db' | 'config' | 'log'>): Promise<void> {
  await sql`
    select ensure_partitions(((now() at time zone 'utc')::date + n)::date)
    from generate_series(0, ${DAYS_AHEAD}::int) as n`.execute(db);
  await forgetIdempotencyKeys(db);
  await forgetClocks(db);
  await forgetRuns(db, config.retentionDays);
  const dropped = await dropOldDays(db, config.retentionDays);
  if (dropped.length > 0) log.info({ days: dropped }, 'dropped days older than RETENTION_DAYS');
}

/** Maintains every ten minutes until the returned function is called. */
export function startMaintenance(context: Context): () => void {
  const run = () => {
    maintain(context).catch((error: unknown) =>
      context.log.warn({ err: error }, 'maintenance failed; trying again later'),
    );
  };
  const timer = setInterval(run, INTERVAL_MS);
  run();
  return () => clearInterval(timer);
}
