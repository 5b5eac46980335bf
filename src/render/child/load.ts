import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

/** Runs in a page, and resolves when it has loaded all that it names. */
const LOADED = `new Promise((done) => {
  if (document.readyState === 'complete') done();
  else addEventListener('load', () => done(), { once: true });
})`;
/** How often to look again: `document.open` drops listeners. */
const AGAIN_MS = 250;
/** The same where the page has gone elsewhere. */
const ELSEWHERE_MS = 10;

/**
 * Waits until a page has loaded all that it names, or for `limitMs`. The driver's own wait never
 * ends where a script goes elsewhere during the load, and the answer leaves the page where it is.
 */
export async function waitForLoad(page: Page, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  for (let leftMs = limitMs; leftMs > 0; leftMs = end - performance.now()) {
    const loaded = page.evaluate(LOADED).then(
      () => true,
      async () => await sleep(ELSEWHERE_MS, false),
    );
    const again = sleep(Math.min(AGAIN_MS, leftMs), false, { ref: false });
    if (await Promise.race([loaded, again])) return;
  }
}
