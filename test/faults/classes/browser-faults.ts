import { setTimeout as sleep } from 'node:timers/promises';
import { CHROMIUM } from '../../support/browser/browser.ts';
import { eventually } from '../../support/wait.ts';
import type { Random } from '../random.ts';
import { browsersOf, leftovers } from '../rig/browsers.ts';
import type { FaultRig } from '../rig/rig.ts';
import { KILL_LIMIT_MS, type FaultClass } from './fault-class.ts';

/** Enough for a browser's start, some pages beside each other, and more to come. */
const PAGES = 8;
/** After the first sign of a browser: while it starts, renders, closes a page, and has ended. */
const LATEST_MS = 4000;
/** A browser that is left behind notices, ends and removes its files by then. */
const TIDY_LIMIT_MS = 20_000;
const TIDY_POLL_MS = 250;
/** Of a page. Its own limit is no fault of this campaign's; how long all take is limited, too. */
const PAGE_LIMIT_MS = 120_000;
const VICTIMS = ['service', 'owner', 'chromium'] as const;

/**
 * Kills the service, the process that owns its browser, or Chromium itself, once in each batch that
 * renders: a page that loses two browsers is taken for their cause.
 */
export const browserKilled: FaultClass = {
  name: 'browser',
  rounds: 6,
  limitMs: 2 * KILL_LIMIT_MS,
  variables: { CHROMIUM_PATH: process.env.CHROMIUM_PATH ?? CHROMIUM, RENDER_CREDITS: '1' },
  async round(rig, random, n) {
    const url = () => rig.places.page(`/page/${random.whole(1, 1000)}?ms=${random.pick([0, 0, 200, 800])}`);
    const body = {
      urls: Array.from({ length: PAGES }, url),
      render: true,
      timeout_ms: PAGE_LIMIT_MS,
      webhook_url: rig.places.hook(`/hook?ms=${random.pick([0, 100])}`),
    };
    const job = await rig.client.create(
      '/v1/scrape/batch/async',
      body,
      `browser-${random.whole(0, 2 ** 31)}`,
    );
    await kill(rig, random, VICTIMS[n % VICTIMS.length]!);
    const recoveryMs = await rig.drained([job]);
    return { recoveryMs, complaints: await untidied(rig) };
  },
};

async function kill(rig: FaultRig, random: Random, victim: (typeof VICTIMS)[number]): Promise<void> {
  const { pid } = rig.service;
  await eventually(async () => (await browsersOf(pid)).length > 0);
  await sleep(random.whole(0, LATEST_MS));
  if (victim === 'service') {
    rig.service.kill('SIGKILL');
    await rig.service.exited;
    await rig.start();
    return;
  }
  const target = await eventually(async () => (await browsersOf(pid))[0]?.[victim]);
  process.kill(target, 'SIGKILL');
}

/** What of the killed is still there when there was time to clear up. */
async function untidied({ temporary, service }: FaultRig): Promise<string[]> {
  for (const end = performance.now() + TIDY_LIMIT_MS; ; await sleep(TIDY_POLL_MS)) {
    const left = await leftovers(temporary, service.pid);
    if (left.length === 0 || performance.now() > end) return left;
  }
}
