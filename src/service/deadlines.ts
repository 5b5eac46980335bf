import type { Context } from '../context.ts';
import { endOverdueJobs } from '../jobs/progress/cut-short.ts';

const INTERVAL_MS = 500;

/** Ends jobs whose time is up, until the returned function is called. */
export function watchDeadlines(context: Context): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async () => {
    try {
      await endOverdueJobs(context);
    } catch (error) {
      context.log.warn({ err: error }, 'failed to end jobs whose time is up; trying again');
    }
    if (!stopped) timer = setTimeout(() => void look(), INTERVAL_MS);
  };
  void look();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
