import { setTimeout as sleep } from 'node:timers/promises';
import { errors, type Frame, type Page } from 'playwright-core';

/** How long a selector is looked for in the page alone: frames may hold others that match. */
const PAGE_FIRST_MS = 1000;
/** The most frames of a page that are looked through, and how long one may take to answer. */
const MAX_FRAMES = 20;
const FRAME_LIMIT_MS = 500;
const AGAIN_MS = 250;

/** Finds what the steps of one page name. */
export class FrameFinder {
  readonly #page: Page;
  readonly #leftMs: () => number;
  /** Where the step before was taken: a form is filled in where it is. */
  #latest: Frame;

  constructor(page: Page, leftMs: () => number) {
    this.#page = page;
    this.#leftMs = leftMs;
    this.#latest = page.mainFrame();
  }

  /**
   * The frame in which a selector matches: that of the page, else that of the step before, or where
   * neither has such an element for a second, the first of all frames, of whatever site, that has
   * one. Throws a TimeoutError where there is none in time.
   */
  async find(selector: string): Promise<Frame> {
    this.#latest = await this.#search(selector);
    return this.#latest;
  }

  async #search(selector: string): Promise<Frame> {
    const main = this.#page.mainFrame();
    if (this.#latest !== main)
      for (const frame of [main, this.#latest]) if (await has(frame, selector)) return frame;
    if (await appears(main, selector, Math.min(PAGE_FIRST_MS, this.#leftMs()))) return main;
    while (this.#leftMs() > AGAIN_MS) {
      const frames = this.#page.frames().filter((frame) => frame !== main);
      for (const frame of frames.slice(0, MAX_FRAMES)) if (await has(frame, selector)) return frame;
      if (await appears(main, selector, AGAIN_MS)) return main;
    }
    throw new errors.TimeoutError(`nothing matches ${selector}`);
  }
}

async function appears(frame: Frame, selector: string, timeout: number): Promise<boolean> {
  try {
    await frame.waitForSelector(selector, { state: 'attached', timeout });
    return true;
  } catch (error) {
    if (error instanceof errors.TimeoutError) return false;
    throw error;
  }
}

/** Whether a frame has such an element now. One that goes elsewhere, or hangs, has none. */
async function has(frame: Frame, selector: string): Promise<boolean> {
  const found = frame.$(selector).then(
    (element) => element !== null,
    () => false,
  );
  return await Promise.race([found, sleep(FRAME_LIMIT_MS, false, { ref: false })]);
}
