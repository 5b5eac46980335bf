import { setTimeout as sleep } from 'node:timers/promises';
import { POSTGRES_LIMIT_MS, underLoad, type FaultClass, type Round } from './fault-class.ts';
import { sendLoad } from './load.ts';
import type { Stage } from './stage.ts';
import { PARTITIONS } from './tcp-proxy.ts';

export const postgresCrashed: FaultClass = {
  name: 'postgres',
  rounds: 3,
  limitMs: POSTGRES_LIMIT_MS,
  round: async (stage, random) =>
    await stays(stage, async () => {
      return await underLoad(stage, random, async () => {
        await stage.postgres.crashAndRestart();
        stage.networks.database.target = stage.postgres.port;
      });
    }),
};

export const terminated: FaultClass = {
  name: 'terminate',
  rounds: 3,
  limitMs: POSTGRES_LIMIT_MS,
  round: async (stage, random) =>
    await stays(stage, async () => {
      return await underLoad(stage, random, async () => {
        for (let i = random.whole(3, 12); i > 0; i--) {
          await stage.postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity
            where backend_type = 'client backend' and application_name <> 'faults' order by random() limit 1`);
          await sleep(random.whole(0, 200));
        }
      });
    }),
};

export function partitioned(name: 'database' | 'receiver', maxSeconds: number): FaultClass {
  return {
    name: `partition-${name}`,
    rounds: PARTITIONS.length,
    ...(name === 'database' ? { limitMs: POSTGRES_LIMIT_MS } : { heldMs: maxSeconds * 1000 }),
    round: async (stage, random, n) =>
      await stays(stage, async () => {
        return await underLoad(stage, random, async () => {
          stage.networks[name].break(PARTITIONS[n % PARTITIONS.length]!);
          await sleep(random.whole(1000, maxSeconds * 1000));
          stage.networks[name].heal();
        });
      }),
  };
}

/** Faults outside of the process do not end it. */
async function stays(stage: Stage, round: () => Promise<{ recoveryMs: number }>): Promise<Round> {
  const { recoveryMs } = await round();
  if (stage.service.alive()) return { recoveryMs, complaints: [] };
  await stage.start();
  return { recoveryMs, complaints: ['the process ended'] };
}

export const diskFilled: FaultClass = {
  name: 'disk-full',
  rounds: 1,
  limitMs: POSTGRES_LIMIT_MS,
  diskMb: 400,
  async round(stage, random) {
    let more: Promise<unknown> = Promise.resolve();
    const round = await stays(stage, async () => {
      return await underLoad(stage, random, async () => {
        more = sendLoad(stage.client, stage.places, random, `full-${random.whole(0, 2 ** 31)}`);
        await stage.postgres.fillDiskFor(random.whole(5000, 15_000));
        stage.networks.database.target = stage.postgres.port;
      });
    });
    await more;
    if (!stage.postgres.log().includes('No space left on device'))
      round.complaints.push('the disk was never full');
    return round;
  },
};
