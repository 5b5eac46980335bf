import type { Lane } from '../../database/queue.ts';
import type { Log } from '../../log.ts';
import type { WorkerThread } from './worker-thread.ts';

const RESTART_MS = 100;
/** The pause before a thread that fails to start is started again doubles up to this. */
const RESTART_LIMIT_MS = 30_000;

interface ThreadPlacesOptions {
  /** The lane of each place. */
  lanes: Lane[];
  log: Log;
  /** Starts the thread of a place, after this many failed starts in a row. */
  start: (place: { lane: Lane; index: number }, failedStarts: number) => WorkerThread;
  /** Gives back what a thread held that has ended. Does not reject. */
  release: (thread: WorkerThread) => Promise<void>;
  /** Called when a thread has ended that was told to, and its place is free. */
  onFree: () => void;
}

/**
 * The places for worker threads, each of one lane. A thread that dies is replaced after a pause,
 * and keeps its place meanwhile.
 */
export class ThreadPlaces {
  readonly #options: ThreadPlacesOptions;
  readonly #threads = new Map<number, WorkerThread>();
  readonly #restarts = new Map<number, NodeJS.Timeout>();
  #stopped = false;

  constructor(options: ThreadPlacesOptions) {
    this.#options = options;
  }

  get threads(): WorkerThread[] {
    return [...this.#threads.values()];
  }

  of(lane: Lane): WorkerThread[] {
    return this.threads.filter((thread) => thread.lane === lane);
  }

  /** Whether every thread that was started came up. */
  get healthy(): boolean {
    return (
      this.#restarts.size === 0 && this.threads.every((thread) => thread.ready || thread.failedStarts === 0)
    );
  }

  /** Whether a lane has a thread, or soon has one again. */
  serves(lane: Lane): boolean {
    return this.#options.lanes.some((of, index) => of === lane && this.#isTaken(index));
  }

  /** The first free place of a lane; null where it has none. */
  freeOf(lane: Lane): number | null {
    const index = this.#options.lanes.findIndex((of, place) => of === lane && !this.#isTaken(place));
    return index === -1 ? null : index;
  }

  /** Starts the thread of a place. */
  start(index: number, failedStarts = 0): void {
    const thread = this.#options.start({ lane: this.#options.lanes[index]!, index }, failedStarts);
    this.#threads.set(index, thread);
    void thread.exited.then(() => this.#afterExit(thread));
  }

  /** From now on no thread is replaced. */
  stop(): void {
    this.#stopped = true;
    for (const restart of this.#restarts.values()) clearTimeout(restart);
  }

  #isTaken(index: number): boolean {
    return this.#threads.has(index) || this.#restarts.has(index);
  }

  async #afterExit(thread: WorkerThread): Promise<void> {
    await this.#options.release(thread);
    this.#threads.delete(thread.index);
    if (this.#stopped) return;
    if (thread.ending) this.#options.onFree();
    else this.#restart(thread);
  }

  #restart({ index, lane, ready, failedStarts }: WorkerThread): void {
    const failures = ready ? 0 : failedStarts + 1;
    const restart_ms = Math.min(RESTART_MS * 2 ** failures, RESTART_LIMIT_MS);
    this.#options.log.warn({ lane, thread: index, restart_ms }, 'worker thread restarts');
    const restart = () => {
      this.#restarts.delete(index);
      if (!this.#stopped) this.start(index, failures);
    };
    this.#restarts.set(index, setTimeout(restart, restart_ms));
  }
}
