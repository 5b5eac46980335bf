import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Context } from '../../context.ts';
import { DEAD_LETTERS, type Lane, type Slice } from '../../database/queue.ts';
import { failPending } from '../../jobs/progress/cancel.ts';
import { SharedSemaphore, sharedSemaphoreMemory } from '../../limits/shared-semaphore.ts';
import { createGateMemory, HostGate, type GateMemory } from '../hosts/gate.ts';
import type { HeldSlice } from '../queue/held.ts';
import { Heartbeat } from './heartbeat.ts';
import type { FromThread, ThreadData, ToThread } from './thread.ts';

/** A thread that misses so many looks in a row, half a second apart, is stuck. */
const WATCH_MS = 500;
const MISSED_LOOKS = 40;
/** V8's heap of one thread, and its part for new objects. Pages are read in other processes. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 12 };
const RESTART_MS = 100;
/** The pause before a thread that fails to start is started again doubles up to this. */
const RESTART_LIMIT_MS = 30_000;

interface Thread {
  lane: Lane;
  index: number;
  worker: Worker;
  ready: boolean;
  /** The failed starts in a row before this one. */
  failedStarts: number;
  heartbeat: Heartbeat;
  /** The beats when the thread was last looked at, and the looks since they moved. */
  seen: { beats: number; looks: number };
  held: HeldSlice[];
  exited: Promise<void>;
}

/**
 * The worker threads: one for the interactive lane, the configured number for the bulk lane. A
 * thread that dies or is stuck is replaced, and its slices go back to the queue.
 */
export class WorkerPool {
  readonly #context: Context;
  readonly #script: URL;
  readonly #threads: Thread[] = [];
  readonly #gate: GateMemory;
  readonly #budgets: Record<Lane, Record<'bodies' | 'heavy', SharedArrayBuffer>>;
  #unsubscribe = () => {};
  #watch: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: Context, script = new URL('./thread.ts', import.meta.url)) {
    this.#context = context;
    this.#script = script;
    const threads = context.config.workerThreads + 1;
    this.#gate = createGateMemory(threads, randomUUID());
    const memory = () => sharedSemaphoreMemory(threads);
    const budgets = () => ({ bodies: memory(), heavy: memory() });
    this.#budgets = { interactive: budgets(), bulk: budgets() };
  }

  async start(): Promise<void> {
    const { boss, config, notifications } = this.#context;
    this.#spawn('interactive', 0);
    for (let i = 1; i <= config.workerThreads; i++) this.#spawn('bulk', i);
    const wakeAll = () => this.#threads.forEach((thread) => send(thread, { type: 'wake' }));
    this.#unsubscribe = notifications.subscribe((n) => {
      if (n.type === 'slices')
        this.#threads.filter((t) => t.lane === n.lane).forEach((thread) => send(thread, { type: 'wake' }));
      if (n.type === 'job_ended' && n.cancelled)
        this.#threads.forEach((thread) => send(thread, { type: 'cancel', job_id: n.job_id }));
    }, wakeAll);
    this.#watch = setInterval(() => this.#killStuck(), WATCH_MS);
    await boss.work<Slice>(
      DEAD_LETTERS,
      { pollingIntervalSeconds: 5 },
      async ([entry]) => await this.#failPoisonSlice(entry!.data),
    );
  }

  /** The slices that the threads hold. */
  get underWay(): number {
    return this.#threads.reduce((sum, { held }) => sum + held.length, 0);
  }

  /** Whether every thread is up. */
  get healthy(): boolean {
    return !this.#stopping && this.#threads.every((thread) => thread.ready);
  }

  /**
   * Lets the slices under way finish for `graceMs`, then returns what is left of them; kills
   * threads that are left after `limitMs`.
   */
  async stop(graceMs: number, limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    for (const thread of this.#threads) send(thread, { type: 'stop', graceMs });
    const all = Promise.all(this.#threads.map((thread) => thread.exited));
    await Promise.race([all, new Promise((late) => setTimeout(late, limitMs).unref())]);
    clearInterval(this.#watch);
    await Promise.all(this.#threads.map((thread) => thread.worker.terminate()));
  }

  #spawn(lane: Lane, index: number, failedStarts = 0): void {
    const { config, databaseUrl, log } = this.#context;
    const heartbeat = new Heartbeat();
    const workerData: ThreadData = {
      config,
      databaseUrl,
      lane,
      index,
      gate: this.#gate,
      bodiesMemory: this.#budgets[lane].bodies,
      heavyMemory: this.#budgets[lane].heavy,
      heartbeatMemory: heartbeat.memory,
    };
    const worker = new Worker(this.#script, { workerData, resourceLimits: RESOURCE_LIMITS });
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    const seen = { beats: 0, looks: 0 };
    const state = { ready: false, failedStarts, heartbeat, seen, held: [] };
    const thread: Thread = { lane, index, worker, exited, ...state };
    this.#threads[index] = thread;
    worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') thread.ready = true;
      else thread.held = message.slices;
    });
    worker.on('error', (error) => log.error({ lane, thread: index, err: error }, 'worker thread failed'));
    worker.on('exit', () => {
      resolve();
      if (!this.#stopping) void this.#replace(thread);
    });
  }

  /** Counts looks and not time: when the whole process stood still, no thread is at fault. */
  #killStuck(): void {
    for (const thread of this.#threads) {
      const { beats } = thread.heartbeat;
      const looks = beats === thread.seen.beats && thread.ready ? thread.seen.looks + 1 : 0;
      thread.seen = { beats, looks };
      if (looks !== MISSED_LOOKS) continue;
      this.#context.log.warn(
        { lane: thread.lane, thread: thread.index },
        'worker thread is stuck and replaced',
      );
      void thread.worker.terminate();
    }
  }

  async #replace(dead: Thread): Promise<void> {
    const { boss, log } = this.#context;
    HostGate.clear(this.#gate, dead.index);
    for (const memory of Object.values(this.#budgets[dead.lane])) SharedSemaphore.clear(memory, dead.index);
    try {
      if (dead.held.length > 0) await boss.fail(dead.lane, dead.held);
    } catch (error) {
      log.warn({ err: error }, "a dead thread's slices return when their heartbeat ends");
    }
    const failedStarts = dead.ready ? 0 : dead.failedStarts + 1;
    const restart_ms = Math.min(RESTART_MS * 2 ** failedStarts, RESTART_LIMIT_MS);
    log.warn({ lane: dead.lane, thread: dead.index, restart_ms }, 'worker thread restarts');
    setTimeout(() => {
      if (!this.#stopping) this.#spawn(dead.lane, dead.index, failedStarts);
    }, restart_ms);
  }

  /**
   * Settles the pages of a slice that was claimed again and again and never finished as failed on
   * our side.
   */
  async #failPoisonSlice(slice: Slice): Promise<void> {
    const { log } = this.#context;
    log.error(
      { request_id: slice.request_id, job_id: slice.job_id, pages: slice.ordinals.length },
      'slice never finished; its pages fail',
    );
    await failPending(this.#context, slice.account_id, slice.job_id, {
      code: 'internal_error',
      ordinals: slice.ordinals,
    });
  }
}

function send(thread: Thread, message: ToThread): void {
  thread.worker.postMessage(message);
}
