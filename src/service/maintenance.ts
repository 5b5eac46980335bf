import type { Context } from '../context.ts';
import { forgetIdempotencyKeys } from '../jobs/idempotency.ts';
import { forgetRuns } from '../schedules/runs/runs.ts';
import { forgetClocks } from '../workers/hosts/clock.ts';
import { dropOldDays, makeDays } from '../database/retention.ts';
import { poll } from './poll.ts';

const INTERVAL_MS = 10 * 60_000;
/** After maintenance that failed, or found the tables in use. */
const SOON_MS = 30_000;

/**
 * Creates the partitions of the coming days, and deletes what has expired. Several processes may do
 * it. False where partitions could not be created now.
 */
async function maintain({ db, config, log }: Pick<Context, 'db' | 'config' | 'log'>): Promise<boolean> {
  const made = await makeDays(db);
  await forgetIdempotencyKeys(db);
  await forgetClocks(db);
  await forgetRuns(db, config.retentionDays);
  const dropped = await dropOldDays(db, config.retentionDays);
  if (dropped.length > 0) log.info({ days: dropped }, 'dropped days older than RETENTION_DAYS');
  return made;
}

/** Maintains every ten minutes until the returned function is called. */
export function startMaintenance(context: Context): () => void {
  const failed = 'maintenance failed; trying again later';
  const options = { everyMs: INTERVAL_MS, soonMs: SOON_MS, log: context.log, failed };
  return poll(options, async () => await maintain(context));
}
