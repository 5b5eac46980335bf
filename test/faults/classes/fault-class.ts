import { setTimeout as sleep } from 'node:timers/promises';
import type { Disturbance } from '../checks/checker.ts';
import { sendLoad } from '../load.ts';
import type { Random } from '../random.ts';
import type { FaultRig, RigOptions } from '../rig/rig.ts';

/** What one round found, besides what the checker will find. */
export interface Round {
  /**
   * Milliseconds from the fault's end until everything acknowledged before it had ended and
   * arrived.
   */
  recoveryMs?: number;
  /** How long a process took to stop. */
  stopMs?: number;
  /** Unexpected events. */
  complaints: string[];
}

/** One kind of fault. A round leaves the rig with a running process and working networks. */
export interface FaultClass extends Disturbance, RigOptions {
  name: string;
  /** The default number of rounds. */
  rounds: number;
  /** The longest acceptable recovery in ms. */
  limitMs?: number;
  round(rig: FaultRig, random: Random, n: number): Promise<Round>;
}

export const KILL_LIMIT_MS = 20_000;
export const POSTGRES_LIMIT_MS = 10_000;

/**
 * Runs `fault` at a random moment of a load. Waits for what was acknowledged before it, then for
 * all.
 */
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

/** The jobs that have not ended or still have open deliveries. */
export async function openJobs({ postgres }: FaultRig): Promise<string[]> {
  const rows = await postgres.query(
    `select id from jobs where finished_at is null union select job_id from outbox`,
  );
  return rows.map((row) => row.id);
}
