import { sql } from 'kysely';
import type { Job as QueueJob, PgBoss } from 'pg-boss';
import { crashPoint } from '../crash-point.ts';
import type { Db, Tx } from '../database.ts';
import { SLICE_PAGES } from '../jobs/create.ts';
import { lockJob, settlePages, type LockedJob, type PageResult } from '../jobs/settle.ts';
import { notify } from '../notifications.ts';
import { holdSlice, insertSlices, type Lane, type Slice } from '../queue.ts';
import { cachedResults } from './cached.ts';
import { backoffs } from './host-clock.ts';
import type { JobInfo, JobInfos } from './job-info.ts';
import { scrapePage, type Deferral, type PageWorker, type PendingPage } from './page.ts';

/** Results are settled when so many have gathered, or so many bytes, or after so long. */
const SETTLE_PAGES = 20;
const SETTLE_BYTES = 1024 * 1024;
const SETTLE_MS = 500;
/** Pages put off because their host was busy come back after this, doubled each time in a row. */
const BUSY_SECONDS = 2;
const MAX_BUSY_SECONDS = 60;

/** The queue has given the slice to somebody else; whoever finds out changes nothing. */
export class LeaseLost extends Error {}

export interface SliceTools {
  db: Db;
  boss: PgBoss;
  lane: Lane;
  infos: JobInfos;
  worker: PageWorker;
}

/**
 * Works through one slice: its pending pages side by side, with no transaction open, settled a few at a time in short ones. In the
 * last transaction the queue's entry is completed by the attempt that it was fetched with, and pages that were put off are
 * queued again; so whatever happens in between, nothing is lost and nothing is done twice. Aborting puts off what is under way.
 */
export async function runSlice(tools: SliceTools, entry: QueueJob<Slice>, signal: AbortSignal): Promise<void> {
  const { db, boss, lane } = tools;
  const slice = entry.data;
  const job = await tools.infos.get(slice.account_id, slice.job_id);
  if (!job) {
    await boss.complete(lane, entry);
    return;
  }
  const pages = await pendingPages(db, slice);
  const results: PageResult[] = await cachedResults(db, job, pages);
  const done = new Set(results.map((r) => r.ordinal));
  const open = pages.filter((page) => !done.has(page.ordinal));
  const resting = await backoffs(db, [...new Set(open.map((page) => page.host))]);
  const deferred: Deferral[] = [];
  let bytes = 0;
  let settling: Promise<void> = Promise.resolve();
  let lastSettled = performance.now();

  const settleSome = () => {
    const batch = results.splice(0);
    bytes = 0;
    lastSettled = performance.now();
    settling = settling.then(() => settle(tools, entry, job, batch, null));
    return settling;
  };
  await Promise.all(
    open.map(async (page) => {
      const rest = resting.get(page.host);
      if (rest !== undefined && !slice.sync) {
        deferred.push({ ordinal: page.ordinal, after: rest / 1000, retry: false });
        return;
      }
      const outcome = await scrapePage(tools.worker, job, page, slice.sync === true, signal);
      if ('deferred' in outcome) {
        deferred.push(outcome.deferred);
        return;
      }
      results.push(outcome.settled);
      bytes += outcome.settled.fragment.length;
      const full =
        results.length >= SETTLE_PAGES || bytes >= SETTLE_BYTES || performance.now() - lastSettled > SETTLE_MS;
      if (full) await settleSome();
    }),
  );
  await settling;
  await settle(tools, entry, job, results, deferred);
}

/** One transaction: the results, and, when `deferred` is given, the end of the queue's entry. Throws LeaseLost and changes nothing when the entry is no longer ours. */
async function settle(
  { db, boss, lane }: SliceTools,
  entry: QueueJob<Slice>,
  info: JobInfo,
  results: PageResult[],
  deferred: Deferral[] | null,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const job = await lockJob(tx, info.account_id, info.id);
    if (job && results.length > 0) await settlePages(tx, boss, job, results);
    if (job && deferred && deferred.length > 0) await putOff(tx, boss, lane, job, entry.data, deferred);
    if (job?.kind === 'crawl' || (deferred && deferred.length > 0)) await notify(tx, { type: 'slices', lane });
    if (!(await holdSlice(boss, tx, lane, entry, deferred !== null)))
      throw new LeaseLost('the slice has been given to another worker');
    crashPoint(deferred === null ? 'slice.settle' : 'slice.end');
  });
  crashPoint(deferred === null ? 'slice.settled' : 'slice.ended');
}

async function pendingPages(db: Db, slice: Slice): Promise<PendingPage[]> {
  return await db
    .selectFrom('pages')
    .select(['ordinal', 'url', 'host', 'depth', 'tries'])
    .where('account_id', '=', slice.account_id)
    .where('job_id', '=', slice.job_id)
    .where('ordinal', '=', sql<number>`any(${slice.ordinals}::int[])`)
    .where('state', '=', 'pending')
    .orderBy('ordinal')
    .execute();
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
      and ordinal = any(${retried}::int[]) and state = 'pending'`.execute(tx);
  }
  const deferrals = (slice.deferrals ?? 0) + 1;
  const busy = Math.min(MAX_BUSY_SECONDS, BUSY_SECONDS * 2 ** (deferrals - 1));
  const groups = Map.groupBy(deferred, (d) => Math.ceil(d.after > 0 ? d.after : busy));
  for (const [after, group] of groups) {
    const ordinals = group.map((d) => d.ordinal).toSorted((a, b) => a - b);
    const wasBusy = group.some((d) => d.after === 0);
    const { account_id, job_id, sync } = slice;
    const again: Slice = { account_id, job_id, ordinals, ...(sync ? { sync } : {}), ...(wasBusy ? { deferrals } : {}) };
    await insertSlices(boss, tx, lane, [again], job.priority - Math.floor(ordinals[0]! / SLICE_PAGES), after);
  }
}
