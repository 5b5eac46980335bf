import { urlFault } from '../../scrape/page-url.ts';
import { loggableUrl } from '../../log.ts';
import { HostClockError } from '../hosts/clock.ts';
import { HostBusyError } from '../hosts/errors.ts';
import type { JobInfo, PendingPage, Visit } from '../job.ts';
import { Conclusion } from './conclude/conclusion.ts';
import { endingOf } from './conclude/failure.ts';
import type { BegunVisit } from './map-time.ts';
import type { Deferral, PageOutcome } from './outcome.ts';
import { endedResult, type Ending } from './conclude/result.ts';
import { Retrieval } from './retrieval.ts';
import { secondsAfterError } from './retries.ts';
import type { Surroundings } from './surroundings.ts';

/** One visit to one page, from its fetch to its result. */
export class PageVisit implements BegunVisit {
  readonly job: JobInfo;
  readonly page: PendingPage;
  readonly signal: AbortSignal;
  readonly sync: boolean;
  readonly startedAt = performance.now();
  readonly #around: Surroundings;
  readonly #retrieval: Retrieval;

  constructor(around: Surroundings, { job, page, signal, sync }: Visit & { sync: boolean }) {
    this.job = job;
    this.page = page;
    this.signal = signal;
    this.sync = sync;
    this.#around = around;
    this.#retrieval = new Retrieval(around, this);
  }

  /**
   * Fetches or renders the page, and reads it. Every failure of the page is an outcome; what it
   * throws is a failure of ours.
   */
  async run(): Promise<PageOutcome> {
    using held = this.#retrieval.source.held;
    const outcome = await this.#visit();
    if (!('settled' in outcome)) return outcome;
    const { status, files = [] } = outcome.settled;
    const isLarge = files.length > 0 || (status === 'ok' && this.#retrieval.source.keepsRoom);
    return isLarge ? { ...outcome, held: held.move() } : outcome;
  }

  async #visit(): Promise<PageOutcome> {
    if (urlFault(this.page.url) !== null) return this.#end({ status: 'failed', code: 'invalid_url' });
    try {
      const found = await this.#retrieval.get();
      if ('againIn' in found) return this.#defer(found.againIn, true);
      if ('ending' in found) return this.#end(found.ending);
      const conclusion = new Conclusion(this.#around, this, this.#retrieval.source);
      if ('notModified' in found) return { settled: await conclusion.ofUnchanged(found.notModified) };
      return { settled: await conclusion.ofPage(found) };
    } catch (error) {
      return this.#afterError(error);
    }
  }

  #afterError(error: unknown): PageOutcome {
    if (error instanceof HostClockError) throw error;
    if (this.signal.aborted) return this.#defer(0, false);
    if (error instanceof HostBusyError) return this.#defer(error.seconds, false);
    const again = this.sync ? null : secondsAfterError(error, this.page.tries);
    if (again !== null) return this.#defer(again, true);
    const ending = endingOf(error, this);
    this.#log(ending, error);
    return this.#end(ending);
  }

  #log({ code }: Ending, error: unknown): void {
    const { job, page } = this;
    const facts = {
      request_id: job.request_id,
      job_id: job.id,
      ordinal: page.ordinal,
      url: loggableUrl(page.url),
      code,
      err: error,
    };
    this.#around.log[code === 'internal_error' ? 'error' : 'debug'](facts, 'page failed');
  }

  #defer(after: number, retry: boolean): { deferred: Deferral } {
    return { deferred: { ordinal: this.page.ordinal, host: this.page.host, after, retry } };
  }

  #end(ending: Ending): PageOutcome {
    return { settled: endedResult(this, this.#retrieval.source, ending) };
  }
}
