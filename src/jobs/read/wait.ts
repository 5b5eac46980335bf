import type { Db } from '../../database/tables.ts';
import type { Notifications } from '../../database/notifications.ts';
import { ServiceError } from '../../service-error.ts';
import { WatchedJobs } from './watched.ts';

/**
 * The interval of the poll. With NOTIFY it is a backstop; without, it is how the end of a job is
 * seen.
 */
const POLL_MS = 1000;
const POLL_ALONE_MS = 200;

/** What a request is told whose wait was cut: ServiceError `unavailable`. */
export function stoppingError(): ServiceError {
  return new ServiceError('unavailable', 'The service is stopping. Try again shortly.', {
    retryAfterSeconds: 1,
  });
}

/** Lets requests wait for jobs to end. */
export class JobWaiter {
  /** The jobs as those see them who wait for them. */
  readonly watched: WatchedJobs;
  readonly #pollMs: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #stopping = new AbortController();
  #cut = false;

  constructor(db: Db, notifications: Notifications) {
    this.watched = new WatchedJobs(db);
    this.#pollMs = notifications.listens ? POLL_MS : POLL_ALONE_MS;
    notifications.subscribe((n) => {
      if (n.type === 'job_ended') for (const wake of this.#waiting.get(n.job_id) ?? []) wake();
    });
  }

  /**
   * Aborted when the process begins to stop, so that requests that watch a job are answered at once
   * and their clients ask another process.
   */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** Whether waits are cut: the process stops. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Ends every wait, those of synchronous requests too, now and from now on. */
  cut(): void {
    this.#cut = true;
    for (const wakers of this.#waiting.values()) for (const wake of wakers) wake();
  }

  /**
   * Resolves when the job has ended, `ms` have passed, the signal aborts or waits are cut; true
   * when it has ended.
   */
  async wait(accountId: string, jobId: string, ms: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + ms;
    for (;;) {
      const woken = this.#nextWake(jobId, Math.min(this.#pollMs, deadline - performance.now()), signal);
      try {
        if (await this.#ended(accountId, jobId)) return true;
        if (performance.now() >= deadline || signal?.aborted || this.#cut) return false;
        await woken.promise;
      } finally {
        woken.cancel();
      }
    }
  }

  /** Listens before the state is read, so that an end in between is not missed. */
  #nextWake(jobId: string, ms: number, signal: AbortSignal | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = this.#waiting.get(jobId) ?? new Set();
    this.#waiting.set(jobId, wakers.add(resolve));
    const timer = setTimeout(resolve, Math.max(0, ms));
    signal?.addEventListener('abort', () => resolve(), { once: true });
    const cancel = () => {
      clearTimeout(timer);
      wakers.delete(resolve);
      if (wakers.size === 0) this.#waiting.delete(jobId);
    };
    return { promise, cancel };
  }

  async #ended(accountId: string, jobId: string): Promise<boolean> {
    const job = await this.watched.job(accountId, jobId);
    return job === null || job.finished_at !== null;
  }
}
