import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';

/** Messages that come first and are not counted: by then each contender's code is compiled. */
const WARM_UP = 5000;

/**
 * Deliveries per second of one or more dispatchers over a backlog that was there before: from the
 * end of the warm-up until all are recorded.
 */
export async function drain(
  stage: Stage,
  count: number,
  dispatchers = 1,
): Promise<{ rate: number; doubles: number }> {
  await stage.stats('reset');
  await stage.fill(WARM_UP + count);
  const starting = Array.from({ length: dispatchers }, () =>
    stage.dispatcher(process.env.PROFILE ? { PROFILE: '1' } : {}),
  );
  const before = await arrivedAtLeast(stage, WARM_UP, 5);
  const began = performance.now();
  // Asked of the receiver, which counts anyway: Postgres would read the whole backlog each time.
  await arrivedAtLeast(stage, WARM_UP + count, 50);
  while ((await stage.pending()) > 0) await sleep(20);
  const seconds = (performance.now() - began) / 1000;
  const { count: arrived, doubles } = await stage.stats();
  for (const dispatcher of await Promise.all(starting)) await dispatcher.stop();
  return { rate: (arrived - before) / seconds, doubles };
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
