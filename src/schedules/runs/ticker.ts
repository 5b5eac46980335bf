import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type { Tx } from '../../database/tables.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { findSchedule, lockIfFree, type Schedule } from '../schedules.ts';
import { creditsSkip, planRun, startRun, type Plan, type StartedRun } from './start-run.ts';

/** How often to look for due schedules. */
const POLL_MS = 500;
/** The most schedules to run side by side: a webhook's name may take seconds to resolve. */
const AT_ONCE = 4;
/** How long a schedule whose run could not be stored waits, so that others get their turn. */
const SET_ASIDE_MS = 30_000;

interface Due {
  account_id: string;
  id: string;
  next_run_at: Date;
}

/**
 * Runs due schedules. Several processes may do so: a run, its job and the schedule's next time are
 * stored in one transaction that locks the schedule's row, so that each time has one run, even if a
 * process is killed. After an outage a schedule runs once.
 */
export class ScheduleTicker {
  readonly #context: JobContext;
  readonly #stopped = new AbortController();
  readonly #setAside = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(context: JobContext) {
    this.#context = context;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when no run is being stored any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const ran = await this.#tick();
      if (ran < AT_ONCE) await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Runs some schedules that are due. Returns how many. */
  async #tick(): Promise<number> {
    try {
      const due = await this.#findDue();
      const ran = await Promise.all(due.map(async (one) => await this.#runOne(one)));
      return ran.filter(Boolean).length;
    } catch (error) {
      this.#context.log.warn({ err: error }, 'failed to look for due schedules');
      return 0;
    }
  }

  async #findDue(): Promise<Due[]> {
    const now = performance.now();
    for (const [id, until] of this.#setAside) if (until < now) this.#setAside.delete(id);
    const { rows } = await sql<Due>`
      select account_id, id, next_run_at from schedules
      where next_run_at <= now() and id <> all(${[...this.#setAside.keys()]}::text[])
      order by next_run_at limit ${AT_ONCE}`.execute(this.#context.db);
    return rows;
  }

  /** Whether a run was stored. */
  async #runOne(due: Due): Promise<boolean> {
    const { log } = this.#context;
    try {
      const started = await this.#store(due);
      if (started === null) return false;
      const { run, job_id, skip } = started;
      const facts = { schedule_id: due.id, run, job_id, reason: skip?.reason };
      log.info(facts, skip === null ? 'schedule started a run' : 'schedule skipped a run');
      return true;
    } catch (error) {
      this.#setAside.set(due.id, performance.now() + SET_ASIDE_MS);
      log.warn({ schedule_id: due.id, err: error }, 'failed to run a schedule; trying again later');
      return false;
    }
  }

  /** Null where another process was faster, the schedule has changed, or is paused. */
  async #store({ account_id, id, next_run_at }: Due): Promise<StartedRun | null> {
    const { db } = this.#context;
    const schedule = await findSchedule(db, account_id, id);
    if (schedule?.next_run_at?.getTime() !== next_run_at.getTime()) return null;
    const plan = await planRun(this.#context, schedule);
    const attempt = async (planned: Plan) =>
      await db.transaction().execute(async (tx) => {
        const locked = await lockDue(tx, schedule);
        if (!locked) return null;
        if ('pause' in planned) return await pauseFor(tx, locked, planned.pause);
        return await startRun(tx, this.#context, locked, {
          plan: planned,
          trigger: 'schedule',
          due: next_run_at,
        });
      });
    try {
      return await attempt(plan);
    } catch (error) {
      const skip = creditsSkip(error);
      if (skip === null) throw error;
      return await attempt({ skip });
    }
  }
}

/** The schedule, locked, unless it has changed or another process holds it. */
async function lockDue(tx: Tx, read: Schedule): Promise<Schedule | null> {
  const row = await lockIfFree(tx, read);
  if (row?.next_run_at?.getTime() !== read.next_run_at?.getTime()) return null;
  return row?.updated_at.getTime() === read.updated_at.getTime() ? row : null;
}

async function pauseFor(tx: Tx, { account_id, id }: Schedule, reason: 'key_revoked'): Promise<null> {
  await sql`
    update schedules set status = 'paused', pause_reason = ${reason}, next_run_at = null,
      updated_at = clock_timestamp()
    where account_id = ${account_id} and id = ${id}`.execute(tx);
  return null;
}
