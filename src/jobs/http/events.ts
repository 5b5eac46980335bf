import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import type { DbOrTx } from '../../database/tables.ts';
import { findJob, jobView, type Job } from '../read.ts';

const INTERVAL_MS = 500;
const KEEPALIVE_MS = 15_000;

/**
 * Answers with a job's progress as server-sent events until it ends, the client goes or the process stops: `progress` with the job as the API shows
 * it, at every change, and last an event named for the status in which it ended.
 */
export async function sendJobEvents(
  db: DbOrTx,
  res: Response,
  start: Job,
  stopping: AbortSignal,
): Promise<void> {
  let job = start;
  res.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  let shown = '';
  let lastWrite = 0;
  while (!res.closed && !stopping.aborted) {
    const ended = job.finished_at !== null;
    const data = JSON.stringify(jobView(job));
    if (data !== shown) {
      res.write(`event: ${ended ? job.status : 'progress'}\ndata: ${data}\n\n`);
      shown = data;
      lastWrite = Date.now();
    } else if (Date.now() - lastWrite > KEEPALIVE_MS) {
      res.write(': still here\n\n');
      lastWrite = Date.now();
    }
    if (ended) break;
    await sleep(INTERVAL_MS);
    job = (await findJob(db, job.account_id, job.id)) ?? { ...job, finished_at: new Date() };
  }
  res.end();
}
