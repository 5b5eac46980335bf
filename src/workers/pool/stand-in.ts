import { MessageChannel } from 'node:worker_threads';
import type { Job as QueueJob } from 'pg-boss';
import type { Context } from '../../context.ts';
import type { Slice } from '../../database/queue.ts';
import { RenderClient, serveRenders } from '../../render/thread-port.ts';
import type { Renderer } from '../../render/renderer.ts';
import type { DirectDispatch } from '../../webhooks/direct/reservation.ts';
import type { Runner } from '../queue/runner.ts';
import type { ReaderPool } from '../reading/reader-pool.ts';
import type { WorkerShare } from './lane-worker.ts';

/** The most slices that the main thread takes on: the API and the dispatcher live there. */
const MOST = 8;
/** The time for which the thread is not needed: its start would take CPU from the first page. */
const ALONE_MS = 300;
/** What is under way when the thread is ready may take as long as a synchronous request. */
const GRACE_MS = 30_000;

interface StandInOptions {
  context: Context;
  share: WorkerShare;
  readers: ReaderPool;
  renderer: Renderer | null;
  dispatch: DirectDispatch | null;
  /** Whether pages have kept coming: then the thread starts in any case. */
  steady: boolean;
  /** Starts the thread. Called at most once. */
  startThread: () => void;
  /** Called when it ends because there is nothing to do: the next page needs another one. */
  onIdle: () => void;
}

/**
 * Runs slices of single pages in the main thread until the thread of their lane is ready. A thread
 * loads 600 modules before it claims, which takes half a second of CPU; the main thread has most of
 * them. A page that comes alone needs no thread. Slices that are no single page wait for the
 * thread.
 */
export class StandIn {
  /** Resolves when it has ended. */
  readonly exited: Promise<void>;
  readonly #startThread: () => void;
  #early: NodeJS.Timeout | null;
  #runner: Runner | null = null;
  #called = false;
  #ending = false;
  #held = 0;

  constructor(options: StandInOptions) {
    this.#startThread = options.startThread;
    this.#early = setTimeout(() => {
      this.#early = null;
      if (options.steady) this.#callThread();
      this.#countHeld(this.#held);
      this.wake();
    }, ALONE_MS);
    const { lane } = options.share;
    this.exited = this.#run(options).catch((error: unknown) => {
      options.context.log.error({ lane, err: error }, 'failed to stand in for a worker thread');
      this.#callThread();
    });
  }

  /** Whether it starts the thread if it must. */
  get delaysThread(): boolean {
    return !this.#called && !this.#ending;
  }

  /** The slices that it works on. */
  get held(): number {
    return this.#held;
  }

  wake(): void {
    this.#runner?.wake();
  }

  cancel(jobId: string): void {
    this.#runner?.cancel(jobId);
  }

  /** Ends it: its slices get `graceMs` to finish; what is left of them goes back to the queue. */
  end(graceMs = GRACE_MS): void {
    clearTimeout(this.#early ?? undefined);
    this.#ending = true;
    this.#runner?.stop(graceMs);
  }

  async #run(options: StandInOptions): Promise<void> {
    const { context, share, readers, renderer, dispatch, onIdle } = options;
    const [{ createLaneWorker }, { Runner: LaneRunner }] = await loadWorker();
    if (this.#ending) return;
    const { db, boss } = context;
    const log = context.log.child({ lane: share.lane, thread: share.index });
    await using stack = new AsyncDisposableStack();
    const channel = renderer && new MessageChannel();
    if (channel) {
      serveRenders(channel.port1, renderer);
      stack.defer(() => channel.port1.close());
    }
    const renders = channel && new RenderClient(channel.port2);
    const worker = stack.use(createLaneWorker(share, { db, boss, log, readers, renders, dispatch }));
    const takes = (entry: QueueJob<Slice>) => {
      const harmless = isHarmless(entry);
      if (!harmless) this.#callThread();
      return harmless;
    };
    const onEmpty = () => {
      if (this.#early !== null || this.#called) return;
      this.end();
      onIdle();
    };
    const onHeld = ({ length }: unknown[]) => this.#countHeld(length);
    this.#runner = new LaneRunner(worker.tools, log, onHeld, { most: MOST, takes, onIdle: onEmpty });
    await this.#runner.run();
    log.debug(
      this.#called
        ? 'the worker thread has taken over from the main thread'
        : 'the main thread has no more pages to read',
    );
  }

  /** Calls the thread where pages come faster than they are read. */
  #countHeld(held: number): void {
    this.#held = held;
    if (held === MOST || (held > 1 && this.#early === null)) this.#callThread();
  }

  #callThread(): void {
    if (this.#called || this.#ending) return;
    this.#called = true;
    this.#startThread();
  }
}

/** Loads what the main thread lacks of a worker: some 60 modules. */
export async function loadWorker() {
  return await Promise.all([import('./lane-worker.ts'), import('../queue/runner.ts')]);
}

/**
 * Whether the main thread can bear a slice: the sitemaps of a map may take seconds of its time, and
 * a slice that has failed before may have cost a thread.
 */
function isHarmless({ data, retryCount }: QueueJob<Slice>): boolean {
  return data.ordinals.length === 1 && data.map !== true && retryCount === 0;
}
