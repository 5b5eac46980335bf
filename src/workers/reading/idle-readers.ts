import type { ReaderProcess } from './reader-process.ts';

/** A reader ends, and returns its memory to the system, after being idle for this long. */
const IDLE_MS = 2000;
/**
 * The same while another reader reads: pages may wait for the end of a long one, and a new reader
 * takes seconds of CPU time until its code is compiled.
 */
const IDLE_BESIDE_OTHERS_MS = 10_000;
/** After this time it returns what it does not use; V8 then forgets some of the compiled code. */
const REST_MS = 1500;
/** How often to check that. */
const RETIRE_MS = 500;

interface IdleReadersOptions {
  /** How long the last reader stays, if it is small, so that the next page finds it. */
  spareMs: number;
  /** How many readers there are, with those that read. */
  count: () => number;
  /** Ends a reader. */
  end: (reader: ReaderProcess) => void;
}

/** The readers of a pool that read nothing. They end when they have been idle for long. */
export class IdleReaders {
  readonly #options: IdleReadersOptions;
  /** The readers, and since when each is idle. The last one is taken first. */
  readonly #idle: { reader: ReaderProcess; since: number }[] = [];
  #retiring: NodeJS.Timeout | null = null;

  constructor(options: IdleReadersOptions) {
    this.#options = options;
  }

  /** A reader that may read a page, or null. */
  take(): ReaderProcess | null {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.reader.reusable) return idle.reader;
      this.#options.end(idle.reader);
    }
    return null;
  }

  keep(reader: ReaderProcess): void {
    this.#idle.push({ reader, since: performance.now() });
    this.#retiring ??= setInterval(() => this.#retire(), RETIRE_MS).unref();
  }

  /** Has those that have grown, and been idle for `idleMs`, return what they do not use. */
  async restGrown(idleMs = 0): Promise<void> {
    const now = performance.now();
    const grown = this.#idle.filter(({ reader, since }) => now - since >= idleMs && !reader.isSmall);
    await Promise.all(grown.map(async ({ reader }) => await reader.rest()));
  }

  #retire(): void {
    const now = performance.now();
    for (let idle = this.#idle[0]; idle; idle = this.#idle[0]) {
      if (now - idle.since < this.#patienceWith(idle.reader)) {
        void this.restGrown(REST_MS);
        return;
      }
      this.#idle.shift();
      this.#options.end(idle.reader);
    }
    clearInterval(this.#retiring ?? undefined);
    this.#retiring = null;
  }

  /** How long a reader may stay idle. */
  #patienceWith(reader: ReaderProcess): number {
    const count = this.#options.count();
    if (this.#idle.length < count) return IDLE_BESIDE_OTHERS_MS;
    return count === 1 && reader.isSmall ? this.#options.spareMs : IDLE_MS;
  }
}
