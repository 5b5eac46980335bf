import type { Log } from '../log.ts';

interface Polling {
  everyMs: number;
  log: Log;
  /** What to log where a look has failed; the next one comes as usual. */
  failed: string;
}

/** Looks at once and again and again, one look at a time, until the returned function is called. */
export function poll({ everyMs, log, failed }: Polling, look: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = async () => {
    try {
      await look();
    } catch (error) {
      log.warn({ err: error }, failed);
    }
    if (!stopped) timer = setTimeout(() => void run(), everyMs);
  };
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
