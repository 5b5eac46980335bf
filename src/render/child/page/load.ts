import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Quiet } from './quiet.ts';

/** Runs in a page, and resolves when it has loaded all that it names. */
const LOADED = `new Promise((done) => {
  if (document.readyState === 'complete') done();
  else addEventListener('load', () => done(), { once: true });
})`;
/** How long to wait for a page's own loading once its document is there. */
const LOAD_LIMIT_MS = 10_000;
/** A page counts as done when it has requested nothing for this long after its load, or a step. */
const QUIET_MS = 100;
const QUIET_LIMIT_MS = 5000;
/** How often to look again: `document.open` drops listeners. */
const AGAIN_MS = 250;
/** The same where the page has gone elsewhere. */
const ELSEWHERE_MS = 10;

/**
 * Waits until a page has loaded all that it names, but for half of its time at most. The driver's
 * own wait never ends where a script goes elsewhere during the load, and the answer leaves the page
 * where it is.
 */
export async function waitForLoad(page: Page, timeLeftMs: () => number): Promise<void> {
  const limitMs = Math.min(LOAD_LIMIT_MS, timeLeftMs() / 2);
  const end = performance.now() + limitMs;
  // Most pages load at once. Then the driver knows before a script in the page could tell.
  const event = page.waitForLoadState('load', { timeout: limitMs }).then(
    () => true,
    () => false,
  );
  if (await Promise.race([event, sleep(Math.min(AGAIN_MS, limitMs), false, { ref: false })])) return;
  for (let leftMs = end - performance.now(); leftMs > 0; leftMs = end - performance.now()) {
    const loaded = page.evaluate(LOADED).then(
      () => true,
      async () => await sleep(ELSEWHERE_MS, false),
    );
    const again = sleep(Math.min(AGAIN_MS, leftMs), false, { ref: false });
    if (await Promise.race([loaded, again])) return;
  }
}

/**
 * Waits until a page is quiet, and where it goes elsewhere, until what comes from there is, however
 * late that answers: a page is read for what a click or a form brings.
 */
export async function settle(page: Page, quiet: Quiet, leftMs: () => number): Promise<void> {
  const beQuiet = async () => await quiet.wait(QUIET_MS, Math.min(QUIET_LIMIT_MS, leftMs() / 2));
  await beQuiet();
  while (quiet.isLeaving && leftMs() > QUIET_MS) {
    await sleep(QUIET_MS);
    if (quiet.isLeaving) continue;
    await waitForLoad(page, leftMs);
    await beQuiet();
  }
}
