import { setTimeout as sleep } from 'node:timers/promises';
import { append } from '../../../src/webhooks/outbox/append.ts';
import { deliveryTo } from './delivery.ts';
import type { Stage } from './stage.ts';

/** Appends one delivery in a transaction. Resolves with its id and when that was committed. */
export type Append = (account_id: string) => Promise<{ id: string; at: number }>;

/** Appends from this process, in which nothing is sent. */
export function appendHere(stage: Stage): Append {
  return async (account_id) => {
    const delivery = deliveryTo(account_id, `${stage.receiverUrl}/hook`);
    const [id = ''] = await stage.database.db.transaction().execute((tx) => append(tx, [delivery]));
    return { id, at: performance.timeOrigin + performance.now() };
  };
}

export interface Pace {
  perSecond: number;
  seconds: number;
}

/**
 * Appends deliveries at a steady pace to the accounts in turn, and returns for each the
 * milliseconds from its commit to its arrival. Both clocks are the machine's.
 */
export async function steady(
  stage: Stage,
  accounts: string[],
  { perSecond, seconds }: Pace,
  appendOne = appendHere(stage),
): Promise<number[]> {
  await stage.stats('reset');
  const committed = new Map<string, number>();
  const start = performance.now();
  const inFlight: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const wait = start + (n * 1000) / perSecond - performance.now();
    if (wait > 1) await sleep(wait);
    const appended = appendOne(accounts[n % accounts.length]!);
    inFlight.push(appended.then(({ id, at }) => void committed.set(id, at)));
  }
  await Promise.all(inFlight);
  for (let patience = 0; patience < 100 && (await stage.stats()).count < committed.size; patience++)
    await sleep(100);
  const { arrivals } = await stage.stats('arrivals');
  const arrived = new Map(arrivals.toReversed());
  return [...committed].map(([id, at]) => (arrived.get(id) ?? Number.POSITIVE_INFINITY) - at);
}

/** One run of a process that appends and sends: latencies, and what a delivery cost in all. */
export async function appendAndSend(
  stage: Stage,
  pace: Pace,
  direct: boolean,
): Promise<{ latencies: number[]; cpuMs: number; leased: number }> {
  await using appender = await stage.appender();
  const webhook_url = `${stage.receiverUrl}/hook`;
  let leased = 0;
  const appendOne: Append = async (account_id) => {
    const appended = await appender.append({ account_id, webhook_url, direct });
    if (appended.leased) leased++;
    return appended;
  };
  await steady(stage, stage.accounts, { ...pace, seconds: 2 }, appendOne);
  leased = 0;
  const before = await stage.cpu([appender.pid]);
  const latencies = await steady(stage, stage.accounts, pace, appendOne);
  while ((await stage.pending()) > 0) await sleep(20);
  const after = await stage.cpu([appender.pid]);
  const cpuMs = after.senderMs + after.postgresMs - before.senderMs - before.postgresMs;
  return { latencies, cpuMs: cpuMs / latencies.length, leased: leased / latencies.length };
}
