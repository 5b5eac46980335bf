import { setTimeout as sleep } from 'node:timers/promises';
import { jobText, type Job } from '../../read/jobs.ts';
import type { WatchedJobs } from '../../read/watched.ts';

const INTERVAL_MS = 500;
const KEEPALIVE_MS = 15_000;
/** How often it is looked whether the watcher may still watch. */
const ALLOWED_MS = 2000;

export const EVENT_HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
};

export interface Watch {
  /** Aborts when nobody watches any more. */
  gone: AbortSignal;
  /** Whether the watcher's key or session still works. */
  allowed: () => Promise<boolean>;
}

/**
 * A job's progress as server-sent events: `progress` with the job as the API shows it, at every
 * change, and last an event named after its final status. Stops early when nobody watches any more,
 * or when the watcher's key or session stops working.
 */
export async function* jobEvents(
  watched: WatchedJobs,
  start: Job,
  { gone, allowed }: Watch,
): AsyncGenerator<string> {
  let job = start;
  let shown = '';
  let lastWrite = 0;
  let lastCheck = 0;
  while (!gone.aborted) {
    const ended = job.finished_at !== null;
    const state = jobText(job);
    if (state !== shown) {
      const data = jobText(job, await watched.describe(job));
      yield `event: ${ended ? job.status : 'progress'}\ndata: ${data}\n\n`;
      shown = state;
      lastWrite = performance.now();
    } else if (performance.now() - lastWrite > KEEPALIVE_MS) {
      yield ': still here\n\n';
      lastWrite = performance.now();
    }
    if (ended) return;
    if (performance.now() - lastCheck > ALLOWED_MS) {
      if (!(await allowed())) return;
      lastCheck = performance.now();
    }
    await sleep(INTERVAL_MS, undefined, { signal: gone }).catch(() => undefined);
    job = (await watched.job(job.account_id, job.id)) ?? { ...job, finished_at: new Date() };
  }
}
