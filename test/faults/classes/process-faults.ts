import { setTimeout as sleep } from 'node:timers/promises';
import { CRASH_POINTS, type CrashPoint } from '../../../src/crash-point.ts';
import { KILL_LIMIT_MS, openJobs, underLoad, type FaultClass, type Round } from './fault-class.ts';
import { sendLoad } from '../load.ts';
import type { Random } from '../random.ts';
import type { FaultRig } from '../rig/rig.ts';

const STOP_LIMIT_MS = 27_000;
const HOUR_MS = 3_600_000;

async function kill(rig: FaultRig): Promise<void> {
  rig.service.kill('SIGKILL');
  await rig.service.exited;
}

export const killed: FaultClass = {
  name: 'kill',
  rounds: 5,
  limitMs: KILL_LIMIT_MS,
  async round(rig, random) {
    let startMs = 0;
    const { recoveryMs } = await underLoad(rig, random, async () => {
      const start = performance.now();
      await kill(rig);
      await rig.start();
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
  async round(rig, random, n) {
    return await crashAt(rig, random, CRASH_POINTS[n % CRASH_POINTS.length]!);
  },
};

/** A round in which the process crashes at one pass of `point`. */
async function crashAt(rig: FaultRig, random: Random, point: CrashPoint): Promise<Round> {
  const rare =
    /^(job\.cancel|slice\.settle|slice\.anew|delivery\.(append|claimed|redeliver)|recover|secret)/.test(
      point,
    );
  const old = rig.service;
  const service = await rig.start({
    CRASH_POINT: `${point}:${rare ? 1 : random.whole(1, 4)}`,
    ...(point.startsWith('recover') ? { WEBHOOK_RETRY_SCHEDULE: '0' } : {}),
  });
  old.kill('SIGKILL');
  const load = sendLoad(rig.client, rig.places, random, `${point}-${random.whole(0, 2 ** 31)}`);
  const special = provoke(rig, point);
  const over = Promise.all([load, special]).then(async () => void (await rig.drained()));
  const reached = await Promise.race([service.exited.then(() => true), over.then(() => false)]);
  const crashedAt = performance.now();
  const open = await openJobs(rig);
  service.kill('SIGKILL');
  await rig.start();
  await rig.drained(open);
  const recoveryMs = performance.now() - crashedAt;
  await over;
  return { recoveryMs, complaints: reached ? [] : [`${point} was not reached`] };
}

/**
 * Does what a load does not: redelivers, recovers, rotates the secret, and has deliveries wait that
 * would be sent at once.
 */
async function provoke(
  { client, places, receiver, postgres, drained }: FaultRig,
  point: CrashPoint,
): Promise<void> {
  if (point.startsWith('secret')) {
    receiver.secrets.add((await client.insist('POST', '/v1/me/webhook-secret/rotate')).json.webhook_secret);
    receiver.secrets.add((await client.insist('GET', '/v1/me')).json.webhook_secret);
  }
  if (/^delivery\.(append|claimed)$/.test(point)) await failFirst({ client, places, receiver });
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

/**
 * A receiver that has failed is left alone for a while: deliveries to it are appended, and claimed
 * later.
 */
async function failFirst({ client, places, receiver }: Pick<FaultRig, 'client' | 'places' | 'receiver'>) {
  receiver.failing = true;
  for (let n = 0; n < 4; n++) {
    const body = { url: places.page('/page/1'), webhook_url: places.hook('/fail') };
    await client.create('/v1/scrape/async', body, `fail-${n}-${Date.now()}`);
    await sleep(200);
  }
  receiver.failing = false;
}

export const stopped: FaultClass = {
  name: 'sigterm',
  rounds: 3,
  limitMs: KILL_LIMIT_MS,
  async round(rig, random) {
    const complaints: string[] = [];
    let stopMs = 0;
    let startMs = 0;
    const { recoveryMs } = await underLoad(rig, random, async () => {
      rig.client.failures.length = 0;
      stopMs = await stop(rig.service, complaints);
      complaints.push(...rig.client.failures.map((failure) => `while it stopped: ${failure}`));
      const start = performance.now();
      await rig.start();
      startMs = performance.now() - start;
    });
    return { recoveryMs: recoveryMs + startMs, stopMs, complaints };
  },
};

export const rolled: FaultClass = {
  name: 'rolling',
  rounds: 3,
  limitMs: KILL_LIMIT_MS,
  async round(rig, random) {
    const complaints: string[] = [];
    let stopMs = 0;
    let more: Promise<unknown> = Promise.resolve();
    rig.client.failures.length = 0;
    const { recoveryMs } = await underLoad(rig, random, async () => {
      const old = rig.service;
      const next = await rig.start();
      rig.client.port = old.port ?? 0;
      more = sendLoad(rig.client, rig.places, random, `more-${random.whole(0, 2 ** 31)}`);
      await sleep(random.whole(100, 1000));
      rig.client.port = next.port ?? 0;
      stopMs = await stop(old, complaints);
    });
    await more;
    complaints.push(...rig.client.failures.map((failure) => `a request failed: ${failure}`));
    return { recoveryMs, stopMs, complaints };
  },
};

async function stop(service: FaultRig['service'], complaints: string[]): Promise<number> {
  const start = performance.now();
  service.kill('SIGTERM');
  const end = await service.exited;
  const ms = performance.now() - start;
  if (end !== 0) complaints.push(`the process ended with ${end}`);
  if (ms > STOP_LIMIT_MS) complaints.push(`the process took ${Math.round(ms)} ms to stop`);
  return ms;
}

export const clockStepped: FaultClass = {
  name: 'clock',
  rounds: 2,
  limitMs: KILL_LIMIT_MS,
  clockSteps: [HOUR_MS, -HOUR_MS],
  async round(rig, random, n) {
    const old = rig.service;
    const preload = ['--import', new URL('step-clock.ts', import.meta.url).href];
    const step = n % 2 === 0 ? HOUR_MS : -HOUR_MS;
    await rig.start({ CLOCK_STEP_MS: String(step), CLOCK_STEP_AFTER_MS: '4000' }, preload);
    old.kill('SIGKILL');
    const round = await underLoad(rig, random, () => sleep(random.whole(0, 3000)));
    return { ...round, complaints: [] };
  },
};
