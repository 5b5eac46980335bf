import { LANES, type Lane } from '../../database/queue.ts';

interface LaneSettings {
  threads: number;
  /**
   * The niceness of its threads and readers: where CPUs are short, the API and the dispatcher go
   * first, and single pages before batches.
   */
  niceness: number;
  /** The most pages read at once: in all, and of one account. */
  readers: number;
  accountReaders: number;
  /** Whether somebody waits for its pages. */
  urgent: boolean;
  /** How many of its account's readers a page takes that may take much memory. */
  readersOfHeavy: number;
  /** How long a thread stays idle before it ends and returns its memory, in ms. */
  idleMs: number;
  /** The same of the last of its readers. */
  spareMs: number;
}

/** The threads and readers of each lane, with this many threads for batches. */
export function laneSettings(bulkThreads: number): Record<Lane, LaneSettings> {
  return {
    interactive: {
      threads: 1,
      niceness: 0,
      readers: 4,
      accountReaders: 2,
      urgent: true,
      readersOfHeavy: 1,
      idleMs: 120_000,
      spareMs: 60_000,
    },
    bulk: {
      threads: bulkThreads,
      niceness: 10,
      readers: bulkThreads + 2,
      accountReaders: bulkThreads + 1,
      urgent: false,
      // All of them: a batch whose pages are read beside a heavy one took 610 MiB.
      readersOfHeavy: bulkThreads + 1,
      // Nobody waits for the first page of a batch, and what pages took is back within ten seconds:
      // 40 to 70 MiB.
      idleMs: 8000,
      spareMs: 2000,
    },
  };
}

/** The lane of each thread, by the thread's index. */
export function threadLanes(settings: Record<Lane, LaneSettings>): Lane[] {
  return LANES.flatMap((lane) => Array.from({ length: settings[lane].threads }, () => lane));
}
