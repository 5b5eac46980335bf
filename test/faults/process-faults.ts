import { setTimeout as sleep } from 'node:timers/promises';
import { CRASH_POINTS, type CrashPoint } from '../../src/crash-point.ts';
import { KILL_LIMIT_MS, openJobs, underLoad, type FaultClass, type Round } from './fault-class.ts';
import { sendLoad } from './load.ts';
import type { Random } from './random.ts';
import type { Stage } from './stage.ts';

const STOP_LIMIT_MS = 27_000;
/** By then a load of one round reaches every crash point that it will. */
const CRASH_LIMIT_MS = 12_000;
const HOUR_MS = 3_600_000;

async function kill(stage: Stage): Promise<void> {
  stage.service.kill('SIGKILL');
  await stage.service.exited;
}

export const killed: FaultClass = {
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
export const crashed: FaultClass = {
  name: 'crash-point',
  rounds: CRASH_POINTS.length,
  limitMs: KILL_LIMIT_MS,
  async round(stage, random, n) {
    return await crashAt(stage, random, CRASH_POINTS[n % CRASH_POINTS.length]!);
  },
};

/** A round in which the process crashes at one pass of this point. */
async function crashAt(stage: Stage, random: Random, point: CrashPoint): Promise<Round> {
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
async function provoke(
  { client, places, receiver, postgres, drained }: Stage,
  point: CrashPoint,
): Promise<void> {
  if (point.startsWith('secret')) {
    receiver.secrets.add((await client.insist('POST', '/v1/me/webhook-secret/rotate')).json.webhook_secret);
    receiver.secrets.add((await client.insist('GET', '/v1/me')).json.webhook_secret);
  }
  if (!point.startsWith('recover') && !point.startsWith('delivery.redeliver')) return;
  const since = new Date(Date.now() - 60_000).toISOString();
  receiver.failing = point.startsWith('recover');
  const body = {
    url: places.page('/page/1'),
    webhook_url: places.hook(receiver.failing ? '/fail' : '/hook'),
  };
  const job = await client.create('/v1/scrape/async', body, `provoke-${point}-${Date.now()}`);
  await drained([job]);
  receiver.failing = false;
  const [{ id }] = await postgres.query('select id from deliveries where job_id = $1', [job]);
  if (point.startsWith('recover')) await client.insist('POST', '/v1/deliveries/recover', { since });
  else await client.insist('POST', `/v1/deliveries/${id}/redeliver`);
}

export const stopped: FaultClass = {
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

export const rolled: FaultClass = {
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

export const clockStepped: FaultClass = {
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
