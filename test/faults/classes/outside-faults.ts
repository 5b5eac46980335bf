import { setTimeout as sleep } from 'node:timers/promises';
import { POSTGRES_LIMIT_MS, underLoad, type FaultClass, type Round } from './fault-class.ts';
import { sendLoad } from '../load.ts';
import type { FaultRig } from '../rig/rig.ts';
import { PARTITIONS } from '../rig/tcp-proxy.ts';

export const postgresCrashed: FaultClass = {
  name: 'postgres',
  rounds: 3,
  limitMs: POSTGRES_LIMIT_MS,
  round: async (rig, random) =>
    await stays(rig, async () => {
      return await underLoad(rig, random, async () => {
        await rig.postgres.crashAndRestart();
        rig.networks.database.target = rig.postgres.port;
      });
    }),
};

export const terminated: FaultClass = {
  name: 'terminate',
  rounds: 3,
  limitMs: POSTGRES_LIMIT_MS,
  round: async (rig, random) =>
    await stays(rig, async () => {
      return await underLoad(rig, random, async () => {
        for (let i = random.whole(3, 12); i > 0; i--) {
          await rig.postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity
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
    round: async (rig, random, n) =>
      await stays(rig, async () => {
        return await underLoad(rig, random, async () => {
          rig.networks[name].break(PARTITIONS[n % PARTITIONS.length]!);
          await sleep(random.whole(1000, maxSeconds * 1000));
          rig.networks[name].heal();
        });
      }),
  };
}

/** Asserts that the process survives a fault outside it. */
async function stays(rig: FaultRig, round: () => Promise<{ recoveryMs: number }>): Promise<Round> {
  const { recoveryMs } = await round();
  if (rig.service.alive()) return { recoveryMs, complaints: [] };
  await rig.start();
  return { recoveryMs, complaints: ['the process ended'] };
}

export const diskFilled: FaultClass = {
  name: 'disk-full',
  rounds: 1,
  limitMs: POSTGRES_LIMIT_MS,
  diskMb: 400,
  async round(rig, random) {
    let more: Promise<unknown> = Promise.resolve();
    const round = await stays(rig, async () => {
      return await underLoad(rig, random, async () => {
        more = sendLoad(rig.client, rig.places, random, `full-${random.whole(0, 2 ** 31)}`);
        await rig.postgres.fillDiskFor(random.whole(5000, 15_000));
        rig.networks.database.target = rig.postgres.port;
      });
    });
    await more;
    if (!rig.postgres.log().includes('No space left on device'))
      round.complaints.push('the disk was never full');
    return round;
  },
};
