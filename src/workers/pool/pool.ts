import { getCompileCacheDir } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Context } from '../../context.ts';
import { LANES, lanesWithWork, type Lane } from '../../database/queue.ts';
import { Renderer } from '../../render/renderer.ts';
import { serveRenders } from '../../render/thread-port.ts';
import type { DirectDispatch } from '../../webhooks/direct/reservation.ts';
import { serveDispatch } from '../../webhooks/direct/thread-port.ts';
import { ReaderPool } from '../reading/reader-pool.ts';
import { ReadingMemory } from '../reading/reading-memory.ts';
import { serveReadings } from '../reading/reading-server.ts';
import { takeDeadSlices } from './dead-slices.ts';
import { laneSettings, threadLanes } from './lanes.ts';
import { SharedMemory } from './shared-memory.ts';
import { loadWorker, StandIn } from './stand-in.ts';
import { ThreadPlaces } from './thread-places.ts';
import { WorkerThread } from './worker-thread.ts';

/** How often to check the threads, and to look for work in lanes that lack threads. */
const WATCH_MS = 500;
/** Pages that come closer than this are for a thread: the main thread has other work. */
const STEADY_MS = 10_000;
/** The time in which a thread that claimed something just when told to end may finish. */
const END_GRACE_MS = 10_000;

interface WorkerPoolOptions {
  /** The dispatcher of this process, where it has one. */
  dispatch?: DirectDispatch | null;
  script?: URL;
  /** How long idle threads stay, in place of what their lane says. */
  idleMs?: number;
}

/**
 * The worker threads, one for the interactive lane and the configured number for the bulk lane, and
 * the readers of both. A thread starts when there is work for it and ends when there is none. One
 * that dies or is stuck is replaced, and its slices go back to the queue.
 */
export class WorkerPool {
  readonly #context: Context;
  readonly #script: URL;
  readonly #dispatch: DirectDispatch | null;
  readonly #idleMs: Record<Lane, number>;
  readonly #niceness: Record<Lane, number>;
  readonly #places: ThreadPlaces;
  /** The main thread, while it works for the interactive lane. */
  #standIn: StandIn | null = null;
  /** When the main thread last had no more pages to read. */
  #stoodInUntil = -Infinity;
  readonly #readers: Record<Lane, ReaderPool>;
  readonly #memory: SharedMemory;
  /** The index of the main thread in that memory. */
  readonly #standInIndex: number;
  /** The browser of this process; null where there is none. */
  readonly #renderer: Renderer | null;
  #unsubscribe = () => {};
  #watch: NodeJS.Timeout | undefined;
  #looking = false;
  #stopping = false;

  constructor(context: Context, options: WorkerPoolOptions = {}) {
    const { script = new URL('./thread.ts', import.meta.url), idleMs, dispatch = null } = options;
    const { dataDir, workerThreads } = context.config;
    this.#context = context;
    this.#script = script;
    this.#dispatch = dispatch;
    const settings = laneSettings(workerThreads);
    const lanes = threadLanes(settings);
    this.#places = new ThreadPlaces({
      lanes,
      log: context.log,
      start: (place, failedStarts) => this.#startThread(place, failedStarts),
      release: async (thread) => await this.#release(thread),
      onFree: () => void this.#lookForWork(),
    });
    this.#idleMs = {
      interactive: idleMs ?? settings.interactive.idleMs,
      bulk: idleMs ?? settings.bulk.idleMs,
    };
    this.#niceness = { interactive: settings.interactive.niceness, bulk: settings.bulk.niceness };
    const compileCache = getCompileCacheDir() ?? join(dataDir, 'compiled');
    const memory = new ReadingMemory();
    const readers = (lane: Lane) => new ReaderPool({ ...settings[lane], memory, compileCache });
    this.#readers = { interactive: readers('interactive'), bulk: readers('bulk') };
    this.#standInIndex = lanes.length;
    this.#memory = new SharedMemory(context.config, lanes.length + 1);
    this.#renderer = createRenderer(context);
  }

  async start(): Promise<void> {
    const { notifications } = this.#context;
    // The flag of `npm start` is for the main thread; it would override the limits of the others.
    setFlagsFromString('--max-semi-space-size=0');
    this.#unsubscribe = notifications.subscribe(
      (n) => {
        if (n.type === 'slices') this.#wake(n.lane);
        if (n.type === 'job_ended' && n.early) this.#each((worker) => worker.cancel(n.job_id));
      },
      () => this.#each((worker) => worker.wake()),
    );
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#look();
    await loadWorker();
    await takeDeadSlices(this.#context);
  }

  /** The slices that the threads hold. */
  get underWay(): number {
    const inThreads = this.#places.threads.reduce((sum, { held }) => sum + held.length, 0);
    return inThreads + (this.#standIn?.held ?? 0);
  }

  /** Whether every thread that was started came up. */
  get healthy(): boolean {
    return !this.#stopping && this.#places.healthy;
  }

  /**
   * Lets the slices under way finish for `graceMs`, then returns what is left of them; kills
   * threads that are left after `limitMs`.
   */
  async stop(graceMs: number, limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    this.#places.stop();
    this.#each((worker) => worker.end(graceMs));
    const { threads } = this.#places;
    const all = Promise.all([...threads.map((thread) => thread.exited), this.#standIn?.exited]);
    await Promise.race([all, new Promise((late) => setTimeout(late, limitMs).unref())]);
    clearInterval(this.#watch);
    await Promise.all(threads.map((thread) => thread.kill()));
    await this.#renderer?.[Symbol.asyncDispose]();
    await Promise.all(LANES.map((lane) => this.#readers[lane][Symbol.asyncDispose]()));
  }

  /** Announces work: wakes the lane's threads, or starts its first. */
  #wake(lane: Lane): void {
    if (lane === 'interactive') this.#standIn?.wake();
    if (this.#places.serves(lane)) for (const thread of this.#places.of(lane)) thread.wake();
    else this.#startIn(lane);
  }

  /** Starts a thread in a lane that has room for one and none that is starting. */
  #startIn(lane: Lane): void {
    const index = this.#places.freeOf(lane);
    if (index === null || this.#stopping || this.#isStarting(lane)) return;
    this.#readers[lane].warmUp();
    if (lane === 'interactive' && this.#standIn === null) this.#beginStandIn(index);
    else this.#places.start(index);
  }

  /**
   * Has the main thread work until there is nothing to do, or until the interactive thread is
   * ready, which it starts when there is more.
   */
  #beginStandIn(index: number): void {
    const standIn = new StandIn({
      context: this.#context,
      share: this.#memory.shareOf('interactive', this.#standInIndex),
      readers: this.#readers.interactive,
      renderer: this.#renderer,
      dispatch: this.#dispatch,
      steady: performance.now() - this.#stoodInUntil < STEADY_MS,
      startThread: () => this.#places.start(index),
      onIdle: () => {
        this.#standIn = null;
        this.#stoodInUntil = performance.now();
      },
    });
    this.#standIn = standIn;
    void standIn.exited.then(() => {
      if (this.#standIn === standIn) this.#standIn = null;
    });
  }

  #isStarting(lane: Lane): boolean {
    if (lane === 'interactive' && this.#standIn?.delaysThread) return true;
    return this.#places.of(lane).some((thread) => !thread.ready);
  }

  #startThread({ lane, index }: { lane: Lane; index: number }, failedStarts: number): WorkerThread {
    const { databaseUrl, log } = this.#context;
    const renderer = this.#renderer;
    const dispatch = this.#dispatch;
    return new WorkerThread({
      script: this.#script,
      data: { ...this.#memory.shareOf(lane, index), databaseUrl, niceness: this.#niceness[lane] },
      failedStarts,
      serveReadings: (port) => serveReadings(port, this.#readers[lane]),
      serveRenders: renderer && ((port) => serveRenders(port, renderer)),
      serveDispatch: dispatch && ((port) => serveDispatch(port, dispatch)),
      onReady: () => lane === 'interactive' && this.#standIn?.end(),
      onError: (error) => log.error({ lane, thread: index, err: error }, 'worker thread failed'),
    });
  }

  #each(call: (worker: WorkerThread | StandIn) => void): void {
    this.#places.threads.forEach(call);
    if (this.#standIn) call(this.#standIn);
  }

  /** Kills stuck threads, ends idle ones, and starts missing ones. */
  #look(): void {
    for (const thread of this.#places.threads) {
      if (thread.isStuck()) {
        this.#context.log.warn(
          { lane: thread.lane, thread: thread.index },
          'worker thread is stuck and replaced',
        );
        void thread.kill();
      } else if (thread.idleMs > this.#idleMs[thread.lane] && !thread.ending) {
        thread.end(END_GRACE_MS);
      }
    }
    void this.#lookForWork();
  }

  /**
   * Finds work that no notification announced, such as deferred slices and those of other
   * processes.
   */
  async #lookForWork(): Promise<void> {
    const lacking = LANES.filter((lane) => this.#places.freeOf(lane) !== null);
    if (this.#looking || this.#stopping || lacking.length === 0) return;
    this.#looking = true;
    try {
      for (const lane of await lanesWithWork(this.#context.db, lacking)) this.#startIn(lane);
    } catch (error) {
      this.#context.log.warn({ err: error }, 'failed to look for work');
    } finally {
      this.#looking = false;
    }
  }

  /** Gives back what a thread held that has ended. */
  async #release({ lane, index, held, ending }: WorkerThread): Promise<void> {
    const { boss, log } = this.#context;
    this.#memory.clear(lane, index);
    if (ending) log.debug({ lane, thread: index }, 'idle worker thread has ended');
    try {
      if (held.length > 0) await boss.fail(lane, held);
    } catch (error) {
      log.warn({ err: error }, "a dead thread's slices return when their heartbeat ends");
    }
  }
}

function createRenderer({ config, log }: Context): Renderer | null {
  const { browser, allowPrivateTargets: allowTargets, dnsServers } = config;
  return browser && new Renderer({ settings: { browser, allowTargets, dnsServers }, log });
}
