import { Worker } from 'node:worker_threads';
import type { Context } from '../../context.ts';
import { failPending } from '../../jobs/cancel.ts';
import { DEAD_LETTERS, type Lane, type Slice } from '../../database/queue.ts';
import { hostGateMemory, HostGate } from '../hosts/gate.ts';
import { queueAnew } from '../queue/requeue.ts';
import { ReadingSign } from './current-page.ts';
import { budgetMemory, SharedBudget } from '../limits/shared-budget.ts';
import type { FromThread, HeldSlice, ThreadData, ToThread } from './thread.ts';

/** A page that takes longer to read than this costs its thread. */
const READING_LIMIT_MS = 15_000;
const WATCH_MS = 500;
/** The heap of one thread; a page that needs more costs its thread. */
const HEAP_MB = 192;
/**
 * Its part for new objects, three semi-spaces; where nothing is said V8 lets it grow to 192 MB a thread. The trees of large pages
 * want room: with 24 MB a crawl of documentation took a tenth more time than with 48. The interactive lane's few pages do not.
 */
const YOUNG_MB = { interactive: 12, bulk: 48 };
const RESTART_MS = 100;
/** A thread that does not come up is started again ever later, up to this. */
const RESTART_LIMIT_MS = 30_000;

interface Thread {
  lane: Lane;
  index: number;
  worker: Worker;
  ready: boolean;
  /** The starts in a row before this one of which none came up. */
  failedStarts: number;
  sign: ReadingSign;
  /** The turn of the sign when it was last looked at, and since when. */
  seen: { turn: number; since: number };
  /** It is being killed for the page that it reads. */
  stuck: boolean;
  held: HeldSlice[];
  exited: Promise<void>;
}

/**
 * The worker threads: one for the interactive lane, the configured number for the bulk lane. A thread that a page holds up or bursts is killed;
 * that page is settled as failed, the rest of its slices goes back to the queue, and another thread takes the place.
 */
export class WorkerPool {
  readonly #context: Context;
  readonly #script: URL;
  readonly #threads: Thread[] = [];
  readonly #gateMemory: SharedArrayBuffer;
  readonly #budgets: Record<Lane, Record<'bodies' | 'turn', SharedArrayBuffer>>;
  #unsubscribe = () => {};
  #watch: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(context: Context, script = new URL('./thread.ts', import.meta.url)) {
    this.#context = context;
    this.#script = script;
    const threads = context.config.workerThreads + 1;
    this.#gateMemory = hostGateMemory(threads);
    const memory = () => budgetMemory(threads);
    const budgets = () => ({ bodies: memory(), turn: memory() });
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
      async ([entry]) => await this.#bury(entry!.data),
    );
  }

  /** Whether every thread is up. */
  get healthy(): boolean {
    return !this.#stopping && this.#threads.every((thread) => thread.ready);
  }

  /** Lets the slices under way finish for `graceMs`, then puts what is left of them back; kills what has not ended after `limitMs`. */
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
    const sign = new ReadingSign();
    const workerData: ThreadData = {
      config,
      databaseUrl,
      lane,
      index,
      gateMemory: this.#gateMemory,
      bodiesMemory: this.#budgets[lane].bodies,
      turnMemory: this.#budgets[lane].turn,
      signMemory: sign.memory,
    };
    const worker = new Worker(this.#script, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB[lane] },
    });
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    const seen = { turn: 0, since: performance.now() };
    const thread: Thread = {
      lane,
      index,
      worker,
      ready: false,
      failedStarts,
      sign,
      seen,
      stuck: false,
      held: [],
      exited,
    };
    this.#threads[index] = thread;
    worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') thread.ready = true;
      else thread.held = message.slices;
    });
    worker.on('error', (error) => log.error({ lane, thread: index, err: error }, 'a worker thread failed'));
    worker.on('exit', () => {
      resolve();
      if (!this.#stopping) void this.#replace(thread);
    });
  }

  #killStuck(): void {
    for (const thread of this.#threads) {
      const { turn, page } = thread.sign;
      if (turn !== thread.seen.turn) thread.seen = { turn, since: performance.now() };
      if (page === null || performance.now() - thread.seen.since < READING_LIMIT_MS) continue;
      this.#context.log.warn(
        { lane: thread.lane, thread: thread.index, job_id: page.job_id },
        'a page takes too long to read; its thread is replaced',
      );
      thread.stuck = true;
      void thread.worker.terminate();
    }
  }

  async #replace(dead: Thread): Promise<void> {
    const { boss, log } = this.#context;
    HostGate.clear(this.#gateMemory, dead.index);
    for (const memory of Object.values(this.#budgets[dead.lane])) SharedBudget.clear(memory, dead.index);
    try {
      const { page } = dead.sign;
      if (page) {
        const code = dead.stuck ? 'parse_timeout' : 'parse_failed';
        await failPending(this.#context, page.account_id, page.job_id, { code, ordinals: [page.ordinal] });
        await queueAnew(this.#context, dead.lane, dead.held);
      } else if (dead.held.length > 0) await boss.fail(dead.lane, dead.held);
    } catch (error) {
      log.warn({ err: error }, "a dead thread's slices come back when their heartbeat ends");
    }
    const failedStarts = dead.ready ? 0 : dead.failedStarts + 1;
    const restart_ms = Math.min(RESTART_MS * 2 ** failedStarts, RESTART_LIMIT_MS);
    log.warn({ lane: dead.lane, thread: dead.index, restart_ms }, 'a worker thread is started again');
    setTimeout(() => {
      if (!this.#stopping) this.#spawn(dead.lane, dead.index, failedStarts);
    }, restart_ms);
  }

  /** A slice that was fetched again and again and never finished: its pages have failed on our side. */
  async #bury(slice: Slice): Promise<void> {
    const { log } = this.#context;
    log.error(
      { request_id: slice.request_id, job_id: slice.job_id, pages: slice.ordinals.length },
      'a slice never finished; its pages are settled as failed',
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
