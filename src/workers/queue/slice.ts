import type { Job as QueueJob } from 'pg-boss';
import type { PageResult } from '../../jobs/settle.ts';
import { loggableUrl } from '../../log.ts';
import type { Slice } from '../../database/queue.ts';
import { inSpan, markFailed } from '../../tracing.ts';
import { cachedResults } from './cached.ts';
import type { JobInfo } from './open-work.ts';
import {
  scrapePage,
  type Deferral,
  type PageOutcome,
  type PageWorker,
  type PendingPage,
} from '../page/page.ts';
import { settleSlice, type SliceTools } from './settle.ts';

/** Results are settled with the slice's last page, or, where that takes longer, when so many bytes have gathered or after so long. */
const SETTLE_BYTES = 1024 * 1024;
const SETTLE_MS = 500;
/** When so many pages of a slice are left, its worker may begin another. */
const NEARLY_DONE = 5;
/** A synchronous request has been answered by then: nobody waits for the rest. */
const SYNC_LIMIT_MS = 30_000;

/**
 * Works through one slice: its pending pages side by side, with no transaction open, settled a few at a time in short ones. In the
 * last transaction the queue's entry is completed by the attempt that it was fetched with, and pages that were put off are
 * queued again; so whatever happens in between, nothing is lost and nothing is done twice. Aborting puts off what is under way.
 * `onNearlyDone` is called when there is room for another slice.
 */
export async function runSlice(
  tools: SliceTools,
  entry: QueueJob<Slice>,
  aborted: AbortSignal,
  onNearlyDone: () => void,
): Promise<void> {
  const { worker } = tools;
  const slice = entry.data;
  let left = slice.ordinals.length;
  worker.load.add(left);
  const pageDone = () => {
    left--;
    worker.load.add(-1);
    if (left === NEARLY_DONE) onNearlyDone();
  };
  const signals = slice.sync ? [aborted, AbortSignal.timeout(SYNC_LIMIT_MS)] : [aborted];
  try {
    await runPages(tools, entry, signals, pageDone);
  } finally {
    worker.load.add(-left);
  }
}

async function runPages(
  tools: SliceTools,
  entry: QueueJob<Slice>,
  signals: AbortSignal[],
  pageDone: () => void,
): Promise<void> {
  const { db, boss, lane, worker } = tools;
  const slice = entry.data;
  const work = await tools.work.read(slice);
  if (!work) {
    await boss.complete(lane, entry);
    return;
  }
  const { job, pages } = work;
  for (const [host, seconds] of work.resting) worker.resting.rest(host, seconds);
  const results: PageResult[] = await cachedResults(db, job, pages);
  const done = new Set(results.map((r) => r.ordinal));
  const open = pages.filter((page) => !done.has(page.ordinal));
  const deferred: Deferral[] = [];
  const lost = new AbortController();
  const signal = AbortSignal.any([...signals, lost.signal]);
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let settling: Promise<void> = Promise.resolve();
  const settleSome = () => {
    clearTimeout(timer);
    timer = undefined;
    const batch = results.splice(0);
    bytes = 0;
    settling = settling.then(() => settleSlice(tools, entry, job, batch, null, signal));
    settling.catch(() => lost.abort()); // it is thrown below
  };
  const scrape = async (page: PendingPage) => {
    const outcome = await tracedPage(worker, job, page, slice.sync === true, signal);
    pageDone();
    if ('deferred' in outcome) {
      deferred.push(outcome.deferred);
      return;
    }
    bytes += outcome.settled.fragment.length;
    if (results.push(outcome.settled) === 1) timer ??= setTimeout(settleSome, SETTLE_MS);
    if (bytes >= SETTLE_BYTES) settleSome();
  };
  const scraped = open.map(scrape);
  try {
    await Promise.all(scraped);
  } catch (error) {
    lost.abort();
    await Promise.allSettled(scraped);
    throw error;
  } finally {
    clearTimeout(timer);
  }
  await settling;
  await settleSlice(tools, entry, job, results, deferred, signal);
}

/** `scrapePage` in a span of the job's trace. */
async function tracedPage(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  sync: boolean,
  signal: AbortSignal,
): Promise<PageOutcome> {
  const attributes = {
    'ollagraph.job_id': job.id,
    'ollagraph.page': page.ordinal,
    'url.full': loggableUrl(page.url),
  };
  return await inSpan('page', { parent: job.traceparent, attributes }, async (span) => {
    const outcome = await scrapePage(worker, job, page, sync, signal);
    if ('deferred' in outcome) {
      span.setAttribute('ollagraph.page_status', 'put_off');
      return outcome;
    }
    const { status, http_status, error_code } = outcome.settled;
    span.setAttribute('ollagraph.page_status', status);
    if (http_status !== null) span.setAttribute('http.response.status_code', http_status);
    if (error_code !== null) span.setAttribute('error.type', error_code);
    if (status === 'failed') markFailed(span);
    return outcome;
  });
}
