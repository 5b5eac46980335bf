import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Job as QueueJob, PgBoss } from 'pg-boss';
import type { SecretBox } from '../../accounts/secrets.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Db, Tx } from '../../database/tables.ts';
import { isDatabaseTrouble } from '../../database/connect/trouble.ts';
import { logJobEnded } from '../../jobs/progress/finish.ts';
import type { KnownLinks } from '../../jobs/progress/known-links.ts';
import type { Job } from '../../jobs/read/jobs.ts';
import type { PageResult } from '../../jobs/progress/page-result.ts';
import { lockJob, settlePages } from '../../jobs/progress/settle.ts';
import { divideIntoSlices, SLICE_PAGES } from '../../jobs/slices.ts';
import { holdSlice, insertSlices, type Lane, type Slice } from '../../database/queue.ts';
import type { WorkReader } from './open-work.ts';
import { Reservation, type DirectDispatch } from '../../webhooks/direct/reservation.ts';
import type { JobInfo } from '../job.ts';
import { keepSession } from './session.ts';
import type { Deferral } from '../page/outcome.ts';
import type { Surroundings } from '../page/surroundings.ts';

/**
 * How long to retry settling while the database is in trouble, rather than visit the pages again.
 */
const PATIENCE_MS = 60_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** The queue has given the slice to another worker. The one that lost it changes nothing. */
export class LeaseLostError extends Error {
  override name = 'LeaseLostError';
}

export interface SliceTools {
  db: Db;
  boss: PgBoss;
  lane: Lane;
  work: WorkReader;
  box: SecretBox;
  around: Surroundings;
  /** The dispatcher of this process; null where it has none. */
  dispatch: DirectDispatch | null;
  /** What this thread's crawls have found already. */
  knownLinks: KnownLinks;
}

interface Settlement {
  entry: QueueJob<Slice>;
  job: JobInfo;
  results: PageResult[];
  /** The pages to queue again, where this ends the slice; null while the slice goes on. */
  deferred: Deferral[] | null;
  /** Aborts when the slice is to stop. */
  signal: AbortSignal;
}

/**
 * Settles pages of a slice in one transaction, which also ends the queue's entry where `deferred`
 * is given. Retries while the database is in trouble. An attempt whose answer was lost may have
 * settled them: then nothing changes again, and the slice's last attempt ends in LeaseLostError.
 * Throws LeaseLostError and changes nothing when the entry is no longer ours.
 */
export async function settleSlice(tools: SliceTools, settlement: Settlement): Promise<void> {
  const { load, log } = tools.around;
  const { job, results, signal } = settlement;
  const until = performance.now() + PATIENCE_MS;
  let waiting = 0;
  try {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        await settle(tools, settlement);
        return;
      } catch (error) {
        if (!isDatabaseTrouble(error) || signal.aborted || performance.now() > until) throw error;
        if (pause === FIRST_PAUSE_MS) {
          log.warn({ job_id: job.id, err: error }, 'failed to settle pages; retrying');
          // Waiting results count as load, so that the thread claims no more than it can hold.
          waiting = results.length;
          load.add(job.account_id, waiting);
        }
        await sleep(pause * (0.5 + Math.random()));
      }
    }
  } finally {
    load.add(job.account_id, -waiting);
  }
}

async function settle(tools: SliceTools, settlement: Settlement): Promise<void> {
  const { db, boss, lane, around, box, knownLinks } = tools;
  const { entry, results, deferred } = settlement;
  const { account_id, id } = settlement.job;
  const links = knownLinks.of(id);
  using reservation = await reserveForEnd(tools, settlement);
  const settled = await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, account_id, id);
    const absorb = job && (await keepSession(tx, box, job, settlement.job.session));
    const settling = { tx, boss, reservation, links };
    const end = job !== null && results.length > 0 ? await settlePages(settling, job, results) : null;
    if (job && deferred && deferred.length > 0)
      await defer(tx, boss, { lane, job, slice: entry.data, deferred });
    if (!(await holdSlice(boss, tx, { ...entry, lane }, deferred !== null)))
      throw new LeaseLostError('the slice has been given to another worker');
    crashPoint(deferred === null ? 'slice.settle' : 'slice.end');
    return { end, absorb };
  });
  reservation?.handOver();
  links.keep();
  settled.absorb?.();
  if (settled.end) logJobEnded(around.log, settled.end);
  crashPoint(deferred === null ? 'slice.settled' : 'slice.ended');
}

/** Room for the job's callback, where this settlement may end the job. */
async function reserveForEnd(
  { dispatch }: SliceTools,
  { job: { account_id, callback_url }, deferred }: Settlement,
): Promise<Reservation | null> {
  if (callback_url === null || deferred === null || deferred.length > 0) return null;
  return await Reservation.make(dispatch, { account_id, webhook_url: callback_url, urgent: false });
}

/** Queues the pages again; those that are due together form one slice. */
async function defer(
  tx: Tx,
  boss: PgBoss,
  { lane, job, slice, deferred }: { lane: Lane; job: Job; slice: Slice; deferred: Deferral[] },
): Promise<void> {
  const retried = deferred.filter((d) => d.retry).map((d) => d.ordinal);
  if (retried.length > 0) {
    await sql`update pages set tries = tries + 1 where account_id = ${job.account_id} and job_id = ${job.id}
      and ordinal = any(${retried}::int[]) and status = 'pending'`.execute(tx);
  }
  const { ordinals: _pages, host: _host, ...facts } = slice;
  for (const [after, together] of Map.groupBy(deferred, (d) => Math.ceil(d.after))) {
    const slices = divideIntoSlices(together.toSorted((a, b) => a.ordinal - b.ordinal)).map(
      (again): Slice => ({ ...facts, ...again }),
    );
    const priority = job.priority - Math.floor(slices[0]!.ordinals[0]! / SLICE_PAGES);
    await insertSlices(boss, tx, { lane, slices, priority, after });
  }
}
