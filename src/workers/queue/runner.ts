import { setTimeout as sleep } from 'node:timers/promises';
import { fromKysely, type Job as QueueJob } from 'pg-boss';
import { crashPoint } from '../../crash-point.ts';
import { isDatabaseTrouble } from '../../database/connect/trouble.ts';
import { queuedGroups, type Slice, type SliceFailure } from '../../database/queue.ts';
import type { Log } from '../../log.ts';
import { HostClockError } from '../hosts/clock.ts';
import { HeldSlices, type HeldSlice } from './held.ts';
import { LeaseLostError, type SliceTools } from './settle.ts';
import { SliceRun } from './slice.ts';

/** The most slices that one statement claims. */
const CLAIMED_AT_ONCE = { interactive: 32, bulk: 2 };
/**
 * The interval of the poll: the backstop behind NOTIFY, which also finds deferred slices when they
 * are due.
 */
const POLL_MS = 500;
/** The longest pause between two tries of returning a slice. */
const RETURN_PAUSE_MS = 1000;
/** A third of the heartbeat after which a slice counts as lost. */
const TOUCH_MS = 3000;

/** What a runner may take on beside the limits of its lane. */
interface RunnerLimits {
  /** The most slices at once. */
  most: number;
  /** Which slices it runs. Where it meets another it claims nothing until its next look. */
  takes: (entry: QueueJob<Slice>) => boolean;
  /** Called when it holds no slice and has found none to claim. */
  onIdle: () => void;
}

/** Rolls a claim back that holds a slice that the runner does not take. */
class ForOthersError extends Error {
  override name = 'ForOthersError';
}

/** Claims slices from one lane of the queue and runs them side by side. */
export class Runner {
  readonly #tools: SliceTools;
  readonly #log: Log;
  readonly #held: HeldSlices;
  readonly #limits: RunnerLimits | null;
  #wake: () => void = () => {};
  #woken = false;
  #stopping = false;

  /** `onHeld` receives the held slices, whenever they change. */
  constructor(
    tools: SliceTools,
    log: Log,
    onHeld: (held: HeldSlice[]) => void,
    limits: RunnerLimits | null = null,
  ) {
    this.#tools = tools;
    this.#log = log;
    this.#limits = limits;
    this.#held = new HeldSlices(tools.lane, tools.around.load, (held) => {
      onHeld(held);
      this.wake();
    });
  }

  /** Tells it that the lane may have work. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Gives up the pages of a job that was cancelled. */
  cancel(jobId: string): void {
    this.#held.abort((slice) => slice.job_id === jobId);
  }

  /** Runs until `stop`. */
  async run(): Promise<void> {
    const touching = setInterval(() => void this.#touch(), TOUCH_MS);
    while (!this.#stopping) {
      this.#woken = false;
      const claimed = await this.#claim();
      if (claimed > 0 || this.#woken) continue;
      if (this.#held.entries.length === 0) this.#limits?.onIdle();
      if (!this.#stopping) await this.#sleep();
    }
    await this.#held.done();
    clearInterval(touching);
  }

  /**
   * Claims no more slices. Those under way get `graceMs` to finish; what is left of them goes back
   * to the queue.
   */
  stop(graceMs: number): void {
    this.#stopping = true;
    this.#wake();
    setTimeout(() => this.#held.abort(() => true), graceMs).unref();
  }

  async #claim(): Promise<number> {
    const free = Math.min(this.#held.free, (this.#limits?.most ?? Infinity) - this.#held.entries.length);
    if (free <= 0) return 0;
    try {
      const entries = await this.#take(Math.min(free, CLAIMED_AT_ONCE[this.#tools.lane]));
      if (entries.length > 0) crashPoint('slice.fetched');
      for (const entry of entries) this.#held.add(entry, async (signal) => await this.#run(entry, signal));
      return entries.length;
    } catch (error) {
      this.#log.warn({ err: error }, 'failed to claim slices');
      return 0;
    }
  }

  /**
   * Claims in a transaction, so that slices stay in the queue when the answer to the claim is lost.
   * When the answer to the commit is lost, the slices are returned: otherwise they would wait until
   * their heartbeat ends.
   */
  async #take(batchSize: number): Promise<QueueJob<Slice>[]> {
    const { boss, db, lane } = this.#tools;
    const { accounts, groups } = this.#held.full();
    let entries: QueueJob<Slice>[] = [];
    try {
      await db.transaction().execute(async (tx) => {
        const ignoreGroups = [...groups, ...(await queuedGroups(tx, lane, accounts))];
        entries = await boss.fetch<Slice>(lane, { batchSize, ignoreGroups, db: fromKysely(tx) });
        if (this.#limits && !entries.every(this.#limits.takes)) throw new ForOthersError();
      });
    } catch (error) {
      if (error instanceof ForOthersError) return [];
      for (const entry of entries) void this.#return(entry);
      throw error;
    }
    return entries;
  }

  async #run(entry: QueueJob<Slice>, signal: AbortSignal): Promise<void> {
    try {
      await new SliceRun(this.#tools, entry, signal).run(() => this.wake());
    } catch (error) {
      if (error instanceof LeaseLostError) this.#log.debug(factsOf(entry), 'slice lease was lost');
      else this.#log.warn({ ...factsOf(entry), err: error }, 'slice failed and returns to the queue');
      await this.#return(entry, isOfDatabase(error) ? OF_DATABASE : null);
    }
  }

  /**
   * Returns a slice to the queue at once, however long the database is away, rather than when its
   * heartbeat ends, which a touch on its way may have renewed. Changes nothing where the attempt
   * has lost its lease. `failure` stays with the entry.
   */
  async #return(entry: QueueJob<Slice>, failure: SliceFailure | null = null): Promise<void> {
    for (let pause = 50; ; pause = Math.min(2 * pause, RETURN_PAUSE_MS)) {
      try {
        await this.#tools.boss.fail(this.#tools.lane, entry, failure);
        return;
      } catch (error) {
        if (pause === 50 || this.#stopping)
          this.#log.warn({ ...factsOf(entry), err: error }, 'failed to return a slice to the queue');
        if (this.#stopping) return;
        await sleep(pause);
      }
    }
  }

  async #touch(): Promise<void> {
    const { entries } = this.#held;
    if (entries.length === 0) return;
    try {
      await this.#tools.boss.touch(this.#tools.lane, entries);
    } catch (error) {
      this.#log.warn({ err: error }, 'failed to renew slice leases');
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

const OF_DATABASE: SliceFailure = { of_database: true };

function isOfDatabase(error: unknown): boolean {
  return isDatabaseTrouble(error instanceof HostClockError ? error.cause : error);
}

/** The fields of a slice in the log. */
function factsOf({ data }: QueueJob<Slice>): { request_id: string | null; job_id: string; pages: number } {
  return { request_id: data.request_id, job_id: data.job_id, pages: data.ordinals.length };
}
