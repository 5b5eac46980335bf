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
import { serveReadings } from '../reading/reading-server.ts';
import { takeDeadSlices } from './dead-slices.ts';
import { laneSettings, threadLanes } from './lanes.ts';
import { SharedMemory } from './shared-memory.ts';
import { loadWorker, StandIn } from './stand-in.ts';
import { WorkerThread } from './worker-thread.ts';

/** How often to check the threads, and to look for work in lanes that lack threads. */
const WATCH_MS = 500;
const RESTART_MS = 100;
/** The pause before a thread that fails to start is started again doubles up to this. */
const RESTART_LIMIT_MS = 30_000;
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
  /** The places for threads: the lane of each, and its thread. */
  readonly #lanes: Lane[];
  readonly #niceness: Record<Lane, number>;
  readonly #threads = new Map<number, WorkerThread>();
  readonly #restarts = new Map<number, NodeJS.Timeout>();
  /** The main thread, while it works for the interactive lane. */
  #standIn: StandIn | null = null;
  /** When the main thread last had no more pages to read. */
  #stoodInUntil = -Infinity;
  readonly #readers: Record<Lane, ReaderPool>;
  readonly #memory: SharedMemory;
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
    this.#lanes = threadLanes(settings);
    this.#idleMs = {
      interactive: idleMs ?? settings.interactive.idleMs,
      bulk: idleMs ?? settings.bulk.idleMs,
    };
    this.#niceness = { interactive: settings.interactive.niceness, bulk: settings.bulk.niceness };
    const compileCache = getCompileCacheDir() ?? join(dataDir, 'compiled');
    const readers = (lane: Lane) => new ReaderPool({ ...settings[lane], compileCache });
    this.#readers = { interactive: readers('interactive'), bulk: readers('bulk') };
    // One more for the main thread, when it stands in.
    this.#memory = new SharedMemory(context.config, this.#lanes.length + 1);
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
    const inThreads = this.#threads.values().reduce((sum, { held }) => sum + held.length, 0);
    return inThreads + (this.#standIn?.held ?? 0);
  }

  /** Whether every thread that was started came up. */
  get healthy(): boolean {
    const failing = this.#threads.values().some((thread) => !thread.ready && thread.failedStarts > 0);
    return !this.#stopping && !failing && this.#restarts.size === 0;
  }

  /**
   * Lets the slices under way finish for `graceMs`, then returns what is left of them; kills
   * threads that are left after `limitMs`.
   */
  async stop(graceMs: number, limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    for (const restart of this.#restarts.values()) clearTimeout(restart);
    this.#each((worker) => worker.end(graceMs));
    const threads = [...this.#threads.values()];
    const all = Promise.all([...threads.map((thread) => thread.exited), this.#standIn?.exited]);
    await Promise.race([all, new Promise((late) => setTimeout(late, limitMs).unref())]);
    clearInterval(this.#watch);
    await Promise.all(threads.map((thread) => thread.kill()));
    await this.#renderer?.[Symbol.asyncDispose]();
    await Promise.all(LANES.map((lane) => this.#readers[lane][Symbol.asyncDispose]()));
  }

  /** Announces work: wakes the lane's threads, or starts its first. */
  #wake(lane: Lane): void {
    const threads = this.#threads.values().filter((thread) => thread.lane === lane);
    if (lane === 'interactive') this.#standIn?.wake();
    if (this.#lanes.some((of, index) => of === lane && this.#isTaken(index)))
      for (const thread of threads) thread.wake();
    else this.#startIn(lane);
  }

  /** Starts a thread in a lane that has room for one and none that is starting. */
  #startIn(lane: Lane): void {
    const index = this.#lanes.findIndex((of, place) => of === lane && !this.#isTaken(place));
    if (index === -1 || this.#stopping || this.#isStarting(lane)) return;
    this.#readers[lane].warmUp();
    if (lane === 'interactive' && this.#standIn === null) this.#beginStandIn(index);
    else this.#spawn(index);
  }

  /**
   * Has the main thread work until there is nothing to do, or until the interactive thread is ready,
   * which it starts when there is more.
   */
  #beginStandIn(index: number): void {
    const standIn = new StandIn({
      context: this.#context,
      share: this.#memory.shareOf('interactive', this.#lanes.length),
      readers: this.#readers.interactive,
      renderer: this.#renderer,
      dispatch: this.#dispatch,
      steady: performance.now() - this.#stoodInUntil < STEADY_MS,
      startThread: () => this.#spawn(index),
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

  #isTaken(index: number): boolean {
    return this.#threads.has(index) || this.#restarts.has(index);
  }

  #isStarting(lane: Lane): boolean {
    if (lane === 'interactive' && this.#standIn?.delaysThread) return true;
    return this.#threads.values().some((thread) => thread.lane === lane && !thread.ready);
  }

  #spawn(index: number, failedStarts = 0): void {
    const { databaseUrl, log } = this.#context;
    const lane = this.#lanes[index]!;
    const renderer = this.#renderer;
    const dispatch = this.#dispatch;
    const thread = new WorkerThread({
      script: this.#script,
      data: { ...this.#memory.shareOf(lane, index), databaseUrl, niceness: this.#niceness[lane] },
      failedStarts,
      serveReadings: (port) => serveReadings(port, this.#readers[lane]),
      serveRenders: renderer && ((port) => serveRenders(port, renderer)),
      serveDispatch: dispatch && ((port) => serveDispatch(port, dispatch)),
      onReady: () => lane === 'interactive' && this.#standIn?.end(),
      onError: (error) => log.error({ lane, thread: index, err: error }, 'worker thread failed'),
    });
    this.#threads.set(index, thread);
    void thread.exited.then(() => this.#afterExit(thread));
  }

  #each(call: (worker: WorkerThread | StandIn) => void): void {
    this.#threads.forEach(call);
    if (this.#standIn) call(this.#standIn);
  }

  /** Kills stuck threads, ends idle ones, and starts missing ones. */
  #look(): void {
    for (const thread of this.#threads.values()) {
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
    const lacking = LANES.filter((lane) =>
      this.#lanes.some((of, index) => of === lane && !this.#isTaken(index)),
    );
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

  async #afterExit(thread: WorkerThread): Promise<void> {
    const { boss, log } = this.#context;
    const { index, lane } = thread;
    this.#memory.clear(lane, index);
    try {
      if (thread.held.length > 0) await boss.fail(lane, thread.held);
    } catch (error) {
      log.warn({ err: error }, "a dead thread's slices return when their heartbeat ends");
    }
    this.#threads.delete(index);
    if (this.#stopping) return;
    if (!thread.ending) return this.#restart(thread);
    log.debug({ lane, thread: index }, 'idle worker thread has ended');
    void this.#lookForWork();
  }

  #restart({ index, lane, ready, failedStarts }: WorkerThread): void {
    const failures = ready ? 0 : failedStarts + 1;
    const restart_ms = Math.min(RESTART_MS * 2 ** failures, RESTART_LIMIT_MS);
    this.#context.log.warn({ lane, thread: index, restart_ms }, 'worker thread restarts');
    const restart = () => {
      this.#restarts.delete(index);
      if (!this.#stopping) this.#spawn(index, failures);
    };
    this.#restarts.set(index, setTimeout(restart, restart_ms));
  }
}

function createRenderer({ config, log }: Context): Renderer | null {
  const { browser, allowPrivateTargets: allowTargets, dnsServers } = config;
  return browser && new Renderer({ settings: { browser, allowTargets, dnsServers }, log });
}
