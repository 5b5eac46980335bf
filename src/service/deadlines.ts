import type { Context } from '../context.ts';
import { endOverdueJobs } from '../jobs/progress/cut-short.ts';
import { poll } from './poll.ts';

const INTERVAL_MS = 500;

/** Ends jobs whose time is up, until the returned function is called. */
export function watchDeadlines(context: Context): () => void {
  const failed = 'failed to end jobs whose time is up; trying again';
  return poll({ everyMs: INTERVAL_MS, log: context.log, failed }, async () => await endOverdueJobs(context));
}
