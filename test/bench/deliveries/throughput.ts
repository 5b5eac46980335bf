import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

/** Messages that come first and are not counted: by then each contender's code is compiled. */
const WARM_UP = 5000;

/** How fast a backlog was drained, and what a delivery cost. */
export interface Drained {
  rate: number;
  doubles: number;
  /** CPU milliseconds a delivery, of all dispatchers and of Postgres. */
  senderMs: number;
  postgresMs: number;
}

/**
 * Deliveries per second of one or more dispatchers over a backlog that was there before: from the
 * end of the warm-up until all are recorded.
 */
export async function drain(stage: Stage, count: number, dispatchers = 1): Promise<Drained> {
  await stage.stats('reset');
  await stage.fill(WARM_UP + count);
  const starting = Array.from({ length: dispatchers }, () =>
    stage.dispatcher(process.env.PROFILE ? { PROFILE: '1' } : {}),
  );
  const before = await arrivedAtLeast(stage, WARM_UP, 5);
  const running = await Promise.all(starting);
  const cpu = async () => await stage.cpu(running.map(({ pid }) => pid));
  const [began, cpuBefore] = [performance.now(), await cpu()];
  const counted = (await stage.stats()).count;
  // Asked of the receiver, which counts anyway: Postgres would read the whole backlog each time.
  await arrivedAtLeast(stage, WARM_UP + count, 50);
  while ((await stage.pending()) > 0) await sleep(20);
  const seconds = (performance.now() - began) / 1000;
  const [cpuAfter, { count: arrived, doubles }] = [await cpu(), await stage.stats()];
  for (const dispatcher of running) await dispatcher.stop();
  const n = arrived - counted;
  return {
    rate: (arrived - Math.max(before, counted)) / seconds,
    doubles,
    senderMs: (cpuAfter.senderMs - cpuBefore.senderMs) / n,
    postgresMs: (cpuAfter.postgresMs - cpuBefore.postgresMs) / n,
  };
}

/** A loop that signs and posts, storing nothing: what no sender on this machine can beat. */
export async function bareLoop(stage: Stage, count: number): Promise<{ rate: number; cpuMs: number }> {
  const args = [`${stage.receiverUrl}/hook`, String(WARM_UP), String(WARM_UP + count)];
  const child = fork(new URL('../competitors/bare.ts', import.meta.url), args, {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: stage.caFile },
  });
  await once(child, 'message');
  const [{ seconds, cpuMs }] = (await once(child, 'message')) as [{ seconds: number; cpuMs: number }];
  await once(child, 'exit');
  return { rate: count / seconds, cpuMs: cpuMs / count };
}

/** Resolves with how many have arrived once they are as many as that. */
export async function arrivedAtLeast(stage: Stage, count: number, everyMs: number): Promise<number> {
  for (;;) {
    const { count: arrived } = await stage.stats();
    if (arrived >= count) return arrived;
    await sleep(everyMs);
  }
}

/** Messages per second of a competitor after its warm-up, from its own clock. */
export async function compete(
  stage: Stage,
  name: string,
  count: number,
  redisPort?: number,
): Promise<number> {
  const args = [
    name,
    `${stage.receiverUrl}/hook`,
    stage.databaseUrl,
    String(WARM_UP),
    String(WARM_UP + count),
    ...(redisPort ? [String(redisPort)] : []),
  ];
  const child = fork(new URL('../competitors/queues.ts', import.meta.url), args, {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: stage.caFile, NO_LOG_SUCCESS: '1' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  const [{ seconds }] = (await once(child, 'message')) as [{ seconds: number }];
  await once(child, 'exit');
  return count / seconds;
}
