import { setTimeout as sleep } from 'node:timers/promises';
import { fromKysely, type Job as QueueJob } from 'pg-boss';
import { crashPoint } from '../../crash-point.ts';
import type { Slice } from '../../database/queue.ts';
import type { Log } from '../../log.ts';
import { LeaseLost, type SliceTools } from './settle.ts';
import { runSlice } from './slice.ts';

/** Slices that one thread holds at most: in all, and of one host, so that a slow host fills no thread. More of it stays in the queue, in nobody's way. */
const HELD = { interactive: 128, bulk: 32 };
const HELD_OF_HOST = { interactive: 16, bulk: 3 };
/** Pages that a thread has to do at most, without those that wait for their host; a synchronous batch brings up to a hundred. */
const LOAD_PAGES = { interactive: 400, bulk: 75 };
const FETCHED_AT_ONCE = { interactive: 32, bulk: 2 };
/** Behind NOTIFY a backstop, and what finds slices that were put off. */
const POLL_MS = 500;
/** Between two tries of putting a slice back, at most. */
const PUT_BACK_PAUSE_MS = 1000;
/** A third of the heartbeat after which a slice counts as lost. */
const TOUCH_MS = 3000;

/** An attempt at a slice that is under way. */
interface Active {
  entry: QueueJob<Slice>;
  abort: AbortController;
  done: Promise<void>;
}

/** Fetches slices from one lane of the queue and runs them side by side. */
export class Runner {
  readonly #tools: SliceTools;
  readonly #log: Log;
  readonly #onHeld: (held: QueueJob<Slice>[]) => void;
  /** Of one entry there may be two: an attempt that has lost its lease and does not know yet, and the one after it. */
  readonly #active = new Set<Active>();
  #wake: () => void = () => {};
  #woken = false;
  #stopping = false;

  /** `onHeld` is told which slices are held, whenever that changes. */
  constructor(tools: SliceTools, log: Log, onHeld: (held: QueueJob<Slice>[]) => void) {
    this.#tools = tools;
    this.#log = log;
    this.#onHeld = onHeld;
  }

  /** Something may be in the lane. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Gives up the pages of a job that was cancelled. */
  cancel(jobId: string): void {
    for (const { entry, abort } of this.#active) if (entry.data.job_id === jobId) abort.abort();
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const touching = setInterval(() => void this.#touch(), TOUCH_MS);
    while (!this.#stopping) {
      this.#woken = false;
      const fetched = await this.#fetch();
      if (fetched === 0 && !this.#woken) await this.#sleep();
    }
    await Promise.all([...this.#active].map((slice) => slice.done));
    clearInterval(touching);
  }

  /** Takes no more slices; those under way get `graceMs` to finish; what is left of them goes back into the queue. */
  stop(graceMs: number): void {
    this.#stopping = true;
    this.#wake();
    setTimeout(() => {
      for (const { abort } of this.#active) abort.abort();
    }, graceMs).unref();
  }

  async #fetch(): Promise<number> {
    const { lane, worker } = this.#tools;
    const free = HELD[lane] - this.#active.size;
    if (free <= 0 || worker.load.pages >= LOAD_PAGES[lane]) return 0;
    try {
      const entries = await this.#take(Math.min(free, FETCHED_AT_ONCE[lane]));
      if (entries.length > 0) crashPoint('slice.fetched');
      for (const entry of entries) this.#start(entry);
      return entries.length;
    } catch (error) {
      this.#log.warn({ err: error }, 'the queue could not be read; trying again');
      return 0;
    }
  }

  /**
   * In a transaction, so that what a statement took whose answer is lost stays in the queue. Where the commit's answer is lost, what was
   * taken is put back: only the heartbeat would notice it.
   */
  async #take(batchSize: number): Promise<QueueJob<Slice>[]> {
    const { boss, db, lane } = this.#tools;
    const options = { batchSize, ignoreGroups: this.#fullHosts() };
    let entries: QueueJob<Slice>[] = [];
    try {
      await db.transaction().execute(async (tx) => {
        entries = await boss.fetch<Slice>(lane, { ...options, db: fromKysely(tx) });
      });
    } catch (error) {
      for (const entry of entries) void this.#putBack(entry);
      throw error;
    }
    return entries;
  }

  #fullHosts(): string[] {
    const held = new Map<string, number>();
    for (const { entry } of this.#active) {
      const { host } = entry.data;
      if (host !== undefined) held.set(host, (held.get(host) ?? 0) + 1);
    }
    return [...held].filter(([, slices]) => slices >= HELD_OF_HOST[this.#tools.lane]).map(([host]) => host);
  }

  #start(entry: QueueJob<Slice>): void {
    const abort = new AbortController();
    const done = this.#runOne(entry, abort.signal).finally(() => {
      this.#active.delete(active);
      this.#tellHeld();
      this.wake();
    });
    const active = { entry, abort, done };
    this.#active.add(active);
    this.#tellHeld();
  }

  #tellHeld(): void {
    this.#onHeld([...this.#active].map((slice) => slice.entry));
  }

  async #runOne(entry: QueueJob<Slice>, signal: AbortSignal): Promise<void> {
    try {
      await runSlice(this.#tools, entry, signal, () => this.wake());
    } catch (error) {
      if (error instanceof LeaseLost) this.#log.debug(factsOf(entry), 'a slice was given up');
      else this.#log.warn({ ...factsOf(entry), err: error }, 'a slice failed and goes back to the queue');
      await this.#putBack(entry);
    }
  }

  /**
   * Back soon rather than when the heartbeat ends, however long the database is away: a touch that was on its way may have renewed that.
   * Where the attempt has lost its lease this changes nothing.
   */
  async #putBack(entry: QueueJob<Slice>): Promise<void> {
    for (let pause = 50; ; pause = Math.min(2 * pause, PUT_BACK_PAUSE_MS)) {
      try {
        await this.#tools.boss.fail(this.#tools.lane, entry);
        return;
      } catch (error) {
        if (pause === 50 || this.#stopping)
          this.#log.warn({ ...factsOf(entry), err: error }, 'a slice could not be put back');
        if (this.#stopping) return;
        await sleep(pause);
      }
    }
  }

  async #touch(): Promise<void> {
    const entries = [...this.#active].map((slice) => slice.entry);
    if (entries.length === 0) return;
    try {
      await this.#tools.boss.touch(this.#tools.lane, entries);
    } catch (error) {
      this.#log.warn({ err: error }, 'slices could not be kept');
    }
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

/** What the log tells of a slice. */
function factsOf({ data }: QueueJob<Slice>): { request_id: string | null; job_id: string; pages: number } {
  return { request_id: data.request_id, job_id: data.job_id, pages: data.ordinals.length };
}
