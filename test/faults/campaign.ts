import { isClean, judge, type Verdict } from './checks/checker.ts';
import type { FaultClass } from './classes/fault-class.ts';
import { createRandom } from './random.ts';
import { startRig } from './rig/rig.ts';
import { quantile } from '../support/measure/quantile.ts';

/** The result of all rounds of one class. */
export interface Outcome {
  name: string;
  rounds: number;
  verdict: Verdict;
  recoveries: number[];
  stops: number[];
  complaints: string[];
  passed: boolean;
}

/** Runs the rounds of a class one after another on their own rig in `directory`, then judges. */
export async function runClass(
  kind: FaultClass,
  { directory, rounds, first, endAt, seed, onRound }: RunOptions,
): Promise<Outcome> {
  await using rig = await startRig(directory, kind);
  const random = createRandom(seed);
  const recoveries: number[] = [];
  const stops: number[] = [];
  const complaints: string[] = [];
  let n = first - 1;
  for (; n < first - 1 + rounds && performance.now() < endAt; n++) {
    rig.ledger.append({ type: 'fault', name: kind.name, at: Date.now() });
    const round = await kind.round(rig, random, n);
    if (round.recoveryMs !== undefined) recoveries.push(round.recoveryMs);
    if (round.stopMs !== undefined) stops.push(round.stopMs);
    complaints.push(...round.complaints.map((complaint) => `round ${n + 1}: ${complaint}`));
    onRound?.(n, round.recoveryMs ?? 0);
  }
  await rig.drained();
  const verdict = await judge(rig.postgres, rig.ledger.path, kind);
  if (kind.limitMs !== undefined && quantile(recoveries, 0.99) > kind.limitMs)
    complaints.push(`the 99th percentile of the recovery is over ${kind.limitMs} ms`);
  const passed = isClean(verdict) && complaints.length === 0;
  return { name: kind.name, rounds: n - first + 1, verdict, recoveries, stops, complaints, passed };
}

export interface RunOptions {
  directory: string;
  rounds: number;
  /** The number of the first round: what a class does may depend on it. */
  first: number;
  /** When no further round begins, on the clock of performance.now(). */
  endAt: number;
  seed: number;
  onRound?: (n: number, recoveryMs: number) => void;
}
