import type { Job as QueueJob } from 'pg-boss';
import type { PageResult } from '../../jobs/progress/page-result.ts';
import { loggableUrl } from '../../log.ts';
import { release } from '../../memory/own-memory.ts';
import type { Slice } from '../../database/queue.ts';
import { inSpan, markFailed } from '../../tracing.ts';
import type { Deferral, PageOutcome } from '../page/outcome.ts';
import { PageVisit } from '../page/visit.ts';
import type { PendingPage } from '../job.ts';
import { cachedResults } from './cached.ts';
import type { JobInfo } from '../job.ts';
import { settleSlice, type SliceTools } from './settle.ts';

/**
 * Results are settled with the slice's last page, or earlier: when this many bytes have gathered or
 * this much time has passed.
 */
const SETTLE_BYTES = 1024 * 1024;
const SETTLE_MS = 500;
/** When this few pages of a slice are left, its thread may claim another slice. */
const NEARLY_DONE = 5;
/** A synchronous request has been answered by then: nobody waits for the rest. */
const SYNC_LIMIT_MS = 30_000;

/**
 * One attempt at a slice: visits its pending pages side by side, with no transaction open, and
 * settles them a few at a time in short transactions. The last one completes the queue's entry,
 * fenced by the attempt that claimed it, and queues deferred pages again. Whatever happens in
 * between, nothing is lost and nothing is done twice. Aborting defers what is under way.
 */
export class SliceRun {
  readonly #tools: SliceTools;
  readonly #entry: QueueJob<Slice>;
  readonly #lost = new AbortController();
  readonly #signal: AbortSignal;
  readonly #results: PageResult[] = [];
  readonly #deferred: Deferral[] = [];
  /** The rooms and the browser's places that the results hold until they are settled. */
  #held = new DisposableStack();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #settling: Promise<void> = Promise.resolve();

  constructor(tools: SliceTools, entry: QueueJob<Slice>, aborted: AbortSignal) {
    this.#tools = tools;
    this.#entry = entry;
    const limits = entry.data.sync ? [AbortSignal.timeout(SYNC_LIMIT_MS)] : [];
    this.#signal = AbortSignal.any([aborted, this.#lost.signal, ...limits]);
  }

  /**
   * Runs to the end of the slice. `onNearlyDone` is called when there is room for another. Throws
   * LeaseLostError.
   */
  async run(onNearlyDone: () => void): Promise<void> {
    const { load } = this.#tools.around;
    const { account_id, ordinals } = this.#entry.data;
    let left = ordinals.length;
    load.add(account_id, left);
    try {
      await this.#visitPages(() => {
        left--;
        load.add(account_id, -1);
        if (left === NEARLY_DONE) onNearlyDone();
      });
    } finally {
      load.add(account_id, -left);
    }
  }

  async #visitPages(onPageDone: () => void): Promise<void> {
    const { around, boss, db, lane } = this.#tools;
    const work = await this.#tools.work.read(this.#entry.data);
    if (!work) {
      await boss.complete(lane, this.#entry);
      return;
    }
    const { job, pages } = work;
    for (const [host, seconds] of work.resting)
      around.hosts.resting.restAccount({ accountId: job.account_id, host }, seconds);
    this.#results.push(...(await cachedResults(db, job, pages)));
    const cached = new Set(this.#results.map((result) => result.ordinal));
    const visits = pages
      .filter((page) => !cached.has(page.ordinal))
      .map(async (page) => {
        const outcome = await this.#visit(job, page);
        onPageDone();
        this.#keep(job, outcome);
      });
    try {
      await Promise.all(visits);
    } catch (error) {
      this.#lost.abort();
      await Promise.allSettled(visits);
      throw error;
    } finally {
      clearTimeout(this.#timer);
    }
    await this.#settling;
    await this.#settle(job, this.#results, this.#deferred);
  }

  #keep(job: JobInfo, outcome: PageOutcome): void {
    if ('deferred' in outcome) {
      this.#deferred.push(outcome.deferred);
      return;
    }
    this.#results.push(outcome.settled);
    this.#bytes += outcome.settled.fragment.length;
    this.#timer ??= setTimeout(() => this.#settleSome(job), SETTLE_MS);
    if (outcome.held) this.#held.use(outcome.held);
    if (outcome.held || this.#bytes >= SETTLE_BYTES) this.#settleSome(job);
  }

  #settleSome(job: JobInfo): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#results.splice(0);
    this.#bytes = 0;
    const held = this.#held;
    this.#held = new DisposableStack();
    this.#settling = this.#settling
      .then(async () => await this.#settle(job, batch, null))
      .finally(() => held.dispose());
    this.#settling.catch(() => this.#lost.abort()); // `#visitPages` throws it
  }

  async #settle(job: JobInfo, results: PageResult[], deferred: Deferral[] | null): Promise<void> {
    await settleSlice(this.#tools, { entry: this.#entry, job, results, deferred, signal: this.#signal });
    // The thread has no other reason to collect them: they were allocated in the main thread.
    for (const { fragment } of results) if (fragment instanceof Uint8Array) release(fragment);
  }

  /** Visits a page in a span of the job's trace. */
  async #visit(job: JobInfo, page: PendingPage): Promise<PageOutcome> {
    const attributes = {
      'ollagraph.job_id': job.id,
      'ollagraph.page': page.ordinal,
      'url.full': loggableUrl(page.url),
    };
    const options = { job, page, sync: this.#entry.data.sync === true, signal: this.#signal };
    return await inSpan('page', { parent: job.traceparent, attributes }, async (span) => {
      const outcome = await new PageVisit(this.#tools.around, options).run();
      if ('deferred' in outcome) {
        span.setAttribute('ollagraph.page_status', 'deferred');
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
}
