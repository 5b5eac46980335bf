import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Job as QueueJob, PgBoss } from 'pg-boss';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { isDatabaseTrouble } from '../../database/trouble.ts';
import { tellEnd } from '../../jobs/finish.ts';
import { lockJob, settlePages, type LockedJob, type PageResult } from '../../jobs/settle.ts';
import { divideIntoSlices, SLICE_PAGES } from '../../jobs/slices.ts';
import { holdSlice, insertSlices, type Lane, type Slice } from '../../database/queue.ts';
import type { JobInfo, WorkReader } from './open-work.ts';
import type { Deferral, PageWorker } from '../page/page.ts';

/** While the database is in trouble settling is tried again for so long, with such pauses at most, rather than the pages scraped again. */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** The queue has given the slice to somebody else; whoever finds out changes nothing. */
export class LeaseLost extends Error {}

export interface SliceTools {
  db: Db;
  boss: PgBoss;
  lane: Lane;
  work: WorkReader;
  worker: PageWorker;
}

/**
 * Settles pages of a slice in one transaction, which also ends the queue's entry and queues again what was put off when `deferred` is
 * given. While the database is in trouble and nothing is aborted it is tried again. An attempt whose answer was lost may have settled them:
 * then nothing changes again, and the slice's last one ends in LeaseLost. Throws LeaseLost, too, and changes nothing when the entry is no
 * longer ours.
 */
export async function settleSlice(
  tools: SliceTools,
  entry: QueueJob<Slice>,
  info: JobInfo,
  results: PageResult[],
  deferred: Deferral[] | null,
  aborted: AbortSignal,
): Promise<void> {
  const { load, log } = tools.worker;
  const until = performance.now() + PATIENCE_MS;
  let waiting = 0;
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await settle(tools, entry, info, results, deferred);
        return;
      } catch (error) {
        if (!isDatabaseTrouble(error) || aborted.aborted || performance.now() > until) throw error;
        if (pause === FIRST_PAUSE_MS) {
          log.warn({ job_id: info.id, err: error }, 'pages could not be settled; trying again');
          // Results that wait are load, too: the thread takes no more than it can hold.
          waiting = results.length;
          load.add(waiting);
        }
        await sleep(pause * (0.5 + Math.random()));
      }
    }
  } finally {
    load.add(-waiting);
  }
}

async function settle(
  { db, boss, lane, worker }: SliceTools,
  entry: QueueJob<Slice>,
  info: JobInfo,
  results: PageResult[],
  deferred: Deferral[] | null,
): Promise<void> {
  using _ = worker.load.pauseReading();
  const ended = await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, info.account_id, info.id);
    const end = job !== null && results.length > 0 ? await settlePages(tx, boss, job, results) : null;
    if (job && deferred && deferred.length > 0) await putOff(tx, boss, lane, job, entry.data, deferred);
    if (!(await holdSlice(boss, tx, lane, entry, deferred !== null)))
      throw new LeaseLost('the slice has been given to another worker');
    crashPoint(deferred === null ? 'slice.settle' : 'slice.end');
    return end;
  });
  if (ended) tellEnd(worker.log, ended);
  crashPoint(deferred === null ? 'slice.settled' : 'slice.ended');
}

/** Queues the pages again, those that fall due together as one slice. */
async function putOff(
  tx: Tx,
  boss: PgBoss,
  lane: Lane,
  job: LockedJob,
  slice: Slice,
  deferred: Deferral[],
): Promise<void> {
  const retried = deferred.filter((d) => d.retry).map((d) => d.ordinal);
  if (retried.length > 0) {
    await sql`update pages set tries = tries + 1 where account_id = ${job.account_id} and job_id = ${job.id}
      and ordinal = any(${retried}::int[]) and status = 'pending'`.execute(tx);
  }
  const { account_id, job_id, request_id, sync } = slice;
  for (const [after, together] of Map.groupBy(deferred, (d) => Math.ceil(d.after))) {
    const slices = divideIntoSlices(together.toSorted((a, b) => a.ordinal - b.ordinal)).map(
      (again): Slice => ({
        account_id,
        job_id,
        request_id,
        ...again,
        ...(sync ? { sync } : {}),
      }),
    );
    await insertSlices(
      boss,
      tx,
      lane,
      slices,
      job.priority - Math.floor(slices[0]!.ordinals[0]! / SLICE_PAGES),
      after,
    );
  }
}
