import type { Log } from '../log.ts';

interface Polling {
  everyMs: number;
  /** The pause after a look that failed or returned false; `everyMs` where it is missing. */
  soonMs?: number;
  log: Log;
  /** What to log where a look has failed; the next one comes all the same. */
  failed: string;
}

/** Looks at once and again and again, one look at a time, until the returned function is called. */
export function poll(
  { everyMs, soonMs = everyMs, log, failed }: Polling,
  look: () => Promise<unknown>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = async () => {
    const done = await look().catch((error: unknown) => {
      log.warn({ err: error }, failed);
      return false;
    });
    if (!stopped) timer = setTimeout(() => void run(), done === false ? soonMs : everyMs);
  };
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
