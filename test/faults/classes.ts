import { setTimeout as sleep } from 'node:timers/promises';
import { CRASH_POINTS, type CrashPoint } from '../../src/crash-point.ts';
import { sendLoad } from './load.ts';
import type { Disturbance } from './checker.ts';
import type { Random } from './random.ts';
import { BURSTING } from './site.ts';
import type { Stage } from './stage.ts';
import { PARTITIONS } from './tcp-proxy.ts';

/** What one round found, beyond what the checker will. */
export interface Round {
  /** Milliseconds from the fault's end until all that was acknowledged before it had ended and arrived. */
  recoveryMs?: number;
  /** How long a process took to stop. */
  stopMs?: number;
  /** What should not have happened. */
  complaints: string[];
}

/** One kind of fault. A round leaves the stage with a process that runs and networks that are whole. */
export interface FaultClass extends Disturbance {
  name: string;
  /** Rounds where the command line does not say. */
  rounds: number;
  /** The longest recovery that is acceptable, in ms. */
  limitMs?: number;
  /** The database has a disk of this size to itself. */
  diskMb?: number;
  round(stage: Stage, random: Random, n: number): Promise<Round>;
}

const KILL_LIMIT_MS = 20_000;
const POSTGRES_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 27_000;
/** By then a load of one round reaches every crash point that it will. */
const CRASH_LIMIT_MS = 12_000;
const HOUR_MS = 3_600_000;

/** Runs `fault` at a random moment while a load is sent, and waits for what was acknowledged by then, and then for everything. */
async function underLoad(stage: Stage, random: Random, fault: () => Promise<void>): Promise<{ recoveryMs: number }> {
  const load = sendLoad(stage.client, stage.places, random, `load-${random.whole(0, 2 ** 31)}`);
  await sleep(random.whole(50, 2500));
  const open = await openJobs(stage);
  await fault();
  const recoveryMs = await stage.drained(open);
  stage.ledger.append({ type: 'recovered', ms: recoveryMs, at: Date.now() });
  await load;
  return { recoveryMs };
}

async function openJobs({ postgres }: Stage): Promise<string[]> {
  const rows = await postgres.query(`select id from jobs where finished_at is null union select job_id from outbox`);
  return rows.map((row) => row.id);
}

async function kill(stage: Stage): Promise<void> {
  stage.service.kill('SIGKILL');
  await stage.service.exited;
}

const killed: FaultClass = {
  name: 'kill',
  rounds: 5,
  limitMs: KILL_LIMIT_MS,
  async round(stage, random) {
    let startMs = 0;
    const { recoveryMs } = await underLoad(stage, random, async () => {
      const start = performance.now();
      await kill(stage);
      await stage.start();
      startMs = performance.now() - start;
    });
    return { recoveryMs: recoveryMs + startMs, complaints: [] };
  },
};

/** Crashes at each point in turn: one round is one point. */
const crashed: FaultClass = {
  name: 'crash-point',
  rounds: CRASH_POINTS.length,
  limitMs: KILL_LIMIT_MS,
  async round(stage, random, n) {
    return await crashAt(stage, random, CRASH_POINTS[n % CRASH_POINTS.length]!);
  },
};

/** A round in which the process crashes at one pass of this point. */
export async function crashAt(stage: Stage, random: Random, point: CrashPoint): Promise<Round> {
  const rare = /^(job\.cancel|slice\.settle|slice\.anew|delivery\.redeliver|recover|secret)/.test(point);
  const old = stage.service;
  const service = await stage.start({
    CRASH_POINT: `${point}:${rare ? 1 : random.whole(1, 4)}`,
    ...(point.startsWith('recover') ? { WEBHOOK_RETRY_SCHEDULE: '0' } : {}),
  });
  old.kill('SIGKILL');
  const load = sendLoad(stage.client, stage.places, random, `${point}-${random.whole(0, 2 ** 31)}`);
  const special = provoke(stage, point);
  const reached = await Promise.race([service.exited.then(() => true), sleep(CRASH_LIMIT_MS, false)]);
  const crashedAt = performance.now();
  const open = await openJobs(stage);
  service.kill('SIGKILL');
  await stage.start();
  await stage.drained(open);
  const recoveryMs = performance.now() - crashedAt;
  await Promise.all([load, special]);
  return { recoveryMs, complaints: reached ? [] : [`${point} was not reached`] };
}

/** What a load does not do: sends again, recovers and rotates, until each has been answered. */
async function provoke({ client, places, receiver, postgres, drained }: Stage, point: CrashPoint): Promise<void> {
  if (point.startsWith('secret')) {
    receiver.secrets.add((await client.insist('POST', '/v1/me/webhook-secret/rotate')).json.webhook_secret);
    receiver.secrets.add((await client.insist('GET', '/v1/me')).json.webhook_secret);
  }
  if (point.startsWith('slice.anew')) {
    const urls = [BURSTING, ...Array.from({ length: 20 }, (_, n) => `/page/${n}?ms=1500`)].map(places.page);
    await client.create(
      '/v1/scrape/batch/async',
      { urls, webhook_url: places.hook('/hook') },
      `provoke-${point}-${Date.now()}`,
    );
  }
  if (!point.startsWith('recover') && !point.startsWith('delivery.redeliver')) return;
  const since = new Date(Date.now() - 60_000).toISOString();
  receiver.failing = point.startsWith('recover');
  const body = { url: places.page('/page/1'), webhook_url: places.hook(receiver.failing ? '/fail' : '/hook') };
  const job = await client.create('/v1/scrape/async', body, `provoke-${point}-${Date.now()}`);
  await drained([job]);
  receiver.failing = false;
  const [{ id }] = await postgres.query('select id from deliveries where job_id = $1', [job]);
  if (point.startsWith('recover')) await client.insist('POST', '/v1/deliveries/recover', { since });
  else await client.insist('POST', `/v1/deliveries/${id}/redeliver`);
}

const stopped: FaultClass = {
  name: 'sigterm',
  rounds: 3,
  limitMs: KILL_LIMIT_MS,
  async round(stage, random) {
    const complaints: string[] = [];
    let stopMs = 0;
    let startMs = 0;
    const { recoveryMs } = await underLoad(stage, random, async () => {
      stage.client.failures.length = 0;
      stopMs = await stop(stage.service, complaints);
      complaints.push(...stage.client.failures.map((failure) => `while it stopped: ${failure}`));
      const start = performance.now();
      await stage.start();
      startMs = performance.now() - start;
    });
    return { recoveryMs: recoveryMs + startMs, stopMs, complaints };
  },
};

const rolled: FaultClass = {
  name: 'rolling',
  rounds: 3,
  limitMs: KILL_LIMIT_MS,
  async round(stage, random) {
    const complaints: string[] = [];
    let stopMs = 0;
    let more: Promise<unknown> = Promise.resolve();
    stage.client.failures.length = 0;
    const { recoveryMs } = await underLoad(stage, random, async () => {
      const old = stage.service;
      const next = await stage.start();
      stage.client.port = old.port;
      more = sendLoad(stage.client, stage.places, random, `more-${random.whole(0, 2 ** 31)}`);
      await sleep(random.whole(100, 1000));
      stage.client.port = next.port;
      stopMs = await stop(old, complaints);
    });
    await more;
    complaints.push(...stage.client.failures.map((failure) => `a request failed: ${failure}`));
    return { recoveryMs, stopMs, complaints };
  },
};

async function stop(service: Stage['service'], complaints: string[]): Promise<number> {
  const start = performance.now();
  service.kill('SIGTERM');
  const { code, signal } = await service.exited;
  const ms = performance.now() - start;
  if (code !== 0) complaints.push(`the process ended with ${code ?? signal}`);
  if (ms > STOP_LIMIT_MS) complaints.push(`the process took ${Math.round(ms)} ms to stop`);
  return ms;
}

const postgresCrashed: FaultClass = {
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

const terminated: FaultClass = {
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

function partitioned(name: 'database' | 'receiver', maxSeconds: number): FaultClass {
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

const diskFilled: FaultClass = {
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
    if (!stage.postgres.log().includes('No space left on device')) round.complaints.push('the disk was never full');
    return round;
  },
};

const clockStepped: FaultClass = {
  name: 'clock',
  rounds: 2,
  limitMs: KILL_LIMIT_MS,
  clockSteps: [HOUR_MS, -HOUR_MS],
  async round(stage, random, n) {
    const old = stage.service;
    const preload = ['--import', new URL('step-clock.ts', import.meta.url).href];
    const step = n % 2 === 0 ? HOUR_MS : -HOUR_MS;
    await stage.start({ CLOCK_STEP_MS: String(step), CLOCK_STEP_AFTER_MS: '4000' }, preload);
    old.kill('SIGKILL');
    const round = await underLoad(stage, random, () => sleep(random.whole(0, 3000)));
    return { ...round, complaints: [] };
  },
};

export const CLASSES: FaultClass[] = [
  killed,
  crashed,
  stopped,
  rolled,
  postgresCrashed,
  terminated,
  partitioned('database', 60),
  partitioned('receiver', 60),
  diskFilled,
  clockStepped,
];
