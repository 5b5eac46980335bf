import type { JobResult, JobWithMetadata } from 'pg-boss';
import type { Context } from '../../context.ts';
import { DEAD_LETTERS, insertSlices, LANES, type Slice } from '../../database/queue.ts';
import { failPending } from '../../jobs/progress/cancel.ts';

/** Taken at once, and again at once while there are so many: an outage may leave thousands. */
const BATCH = 50;

/** Takes care of the slices that were claimed again and again and never finished, from now on. */
export async function takeDeadSlices(context: Context): Promise<void> {
  const options = {
    pollingIntervalSeconds: 5,
    batchSize: BATCH,
    burstWhenBatchFull: true,
    includeMetadata: true,
    perJobResults: true,
  } as const;
  await context.boss.work(DEAD_LETTERS, options, async (entries: JobWithMetadata<Slice>[]) => {
    const results: JobResult[] = [];
    for (const entry of entries) results.push(await resultOf(context, entry));
    return results;
  });
}

/** One that cannot be taken care of now comes again, and keeps no other waiting. */
async function resultOf(context: Context, entry: JobWithMetadata<Slice>): Promise<JobResult> {
  try {
    await takeDeadSlice(context, entry);
    return { id: entry.id, status: 'completed' };
  } catch (error) {
    const { request_id, job_id } = entry.data;
    context.log.warn({ request_id, job_id, err: error }, 'failed to end a slice; trying again');
    return { id: entry.id, status: 'failed' };
  }
}

/** Queues a slice again that the database failed last: that says nothing about its pages. */
async function takeDeadSlice(
  context: Context,
  { data, sourceName, sourceOutput }: JobWithMetadata<Slice>,
): Promise<void> {
  const { boss, db } = context;
  const lane = LANES.find((one) => one === sourceName);
  if (lane === undefined || sourceOutput === null || !('of_database' in sourceOutput))
    return await failPoisonSlice(context, data);
  await db
    .transaction()
    .execute(async (tx) => await insertSlices(boss, tx, { lane, slices: [data], priority: 0 }));
}

/** Settles the pages of a slice that never finished: they fail with `internal_error`. */
async function failPoisonSlice(context: Context, slice: Slice): Promise<void> {
  context.log.error(
    { request_id: slice.request_id, job_id: slice.job_id, pages: slice.ordinals.length },
    'slice never finished; its pages fail',
  );
  await failPending(context, slice.account_id, slice.job_id, {
    code: 'internal_error',
    ordinals: slice.ordinals,
  });
}
