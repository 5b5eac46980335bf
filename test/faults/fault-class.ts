import { setTimeout as sleep } from 'node:timers/promises';
import type { Disturbance } from './checker.ts';
import { sendLoad } from './load.ts';
import type { Random } from './random.ts';
import type { FaultRig } from './rig.ts';

/** What one round found, beyond what the checker will. */
export interface Round {
  /** Milliseconds from the fault's end until all that was acknowledged before it had ended and arrived. */
  recoveryMs?: number;
  /** How long a process took to stop. */
  stopMs?: number;
  /** What should not have happened. */
  complaints: string[];
}

/** One kind of fault. A round leaves the rig with a process that runs and networks that are whole. */
export interface FaultClass extends Disturbance {
  name: string;
  /** Rounds where the command line does not say. */
  rounds: number;
  /** The longest recovery that is acceptable, in ms. */
  limitMs?: number;
  /** The database has a disk of this size to itself. */
  diskMb?: number;
  round(rig: FaultRig, random: Random, n: number): Promise<Round>;
}

export const KILL_LIMIT_MS = 20_000;
export const POSTGRES_LIMIT_MS = 10_000;

/** Runs `fault` at a random moment while a load is sent, and waits for what was acknowledged by then, and then for everything. */
export async function underLoad(
  rig: FaultRig,
  random: Random,
  fault: () => Promise<void>,
): Promise<{ recoveryMs: number }> {
  const load = sendLoad(rig.client, rig.places, random, `load-${random.whole(0, 2 ** 31)}`);
  await sleep(random.whole(50, 2500));
  const open = await openJobs(rig);
  await fault();
  const recoveryMs = await rig.drained(open);
  rig.ledger.append({ type: 'recovered', ms: recoveryMs, at: Date.now() });
  await load;
  return { recoveryMs };
}

/** The jobs that have not ended, or whose callbacks have not. */
export async function openJobs({ postgres }: FaultRig): Promise<string[]> {
  const rows = await postgres.query(
    `select id from jobs where finished_at is null union select job_id from outbox`,
  );
  return rows.map((row) => row.id);
}
