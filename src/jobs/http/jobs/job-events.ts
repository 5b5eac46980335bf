import { setTimeout as sleep } from 'node:timers/promises';
import type { DbOrTx } from '../../../database/tables.ts';
import { describeJob } from '../../read/describe.ts';
import { findJob, jobText, type Job } from '../../read/jobs.ts';

const INTERVAL_MS = 500;
const KEEPALIVE_MS = 15_000;

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
export async function* jobEvents(db: DbOrTx, start: Job, { gone, allowed }: Watch): AsyncGenerator<string> {
  let job = start;
  let shown = '';
  let lastWrite = 0;
  while (!gone.aborted) {
    const ended = job.finished_at !== null;
    const state = jobText(job);
    if (state !== shown) {
      const data = jobText(job, await describeJob(db, job));
      yield `event: ${ended ? job.status : 'progress'}\ndata: ${data}\n\n`;
      shown = state;
      lastWrite = Date.now();
    } else if (Date.now() - lastWrite > KEEPALIVE_MS) {
      yield ': still here\n\n';
      lastWrite = Date.now();
    }
    if (ended) return;
    if (!(await allowed())) return;
    await sleep(INTERVAL_MS, undefined, { signal: gone }).catch(() => undefined);
    job = (await findJob(db, job.account_id, job.id)) ?? { ...job, finished_at: new Date() };
  }
}
