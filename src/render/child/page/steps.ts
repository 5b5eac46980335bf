import type { Page } from 'playwright-core';
import type { Action } from '../../options.ts';
import type { Files } from './files.ts';
import { FrameFinder } from './find-frame.ts';
import { settle } from './load.ts';
import type { Quiet } from './quiet.ts';

/** How long nothing must be under way before a page counts as idle. */
const IDLE_MS = 500;
/** The most screens to scroll through, so that content that loads late is loaded. */
const MAX_SCREENS = 25;
/** The most rounds of an endless list. */
const MAX_ROUNDS = 30;

/**
 * What scrolls, for scripts in a page: the page, or where that stands still, what is in the middle
 * of the window.
 */
const SCROLLER = `(() => {
  const page = document.scrollingElement;
  const scrolls = (element) => element.scrollHeight > element.clientHeight;
  if (!page || scrolls(page)) return page;
  const parentOf = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
  for (let at = document.elementFromPoint(innerWidth / 2, innerHeight / 2); at; at = parentOf(at))
    if (scrolls(at) && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
  return page;
})()`;

/** Only CSS selectors: we do not offer the other selector languages of the browser's driver. */
const css = (selector: string): string => `css=${selector}`;

/** Takes the steps that a caller asks for, and scrolls as a reader of the page would. */
export class Steps {
  readonly #page: Page;
  readonly #quiet: Quiet;
  readonly #files: Files;
  readonly #leftMs: () => number;
  readonly #frames: FrameFinder;

  constructor(page: Page, { quiet, files }: { quiet: Quiet; files: Files }, leftMs: () => number) {
    this.#page = page;
    this.#quiet = quiet;
    this.#files = files;
    this.#leftMs = leftMs;
    this.#frames = new FrameFinder(page, leftMs);
  }

  async waitForSelector(selector: string): Promise<void> {
    await this.#frames.find(css(selector));
  }

  async waitForIdle(): Promise<void> {
    await this.#quiet.waitForRequests(IDLE_MS, this.#leftMs());
  }

  async pause(ms: number): Promise<void> {
    await this.#page.waitForTimeout(Math.min(ms, this.#leftMs()));
  }

  async take(action: Action): Promise<void> {
    if (action.type === 'screenshot') return await this.#files.pictureStep(action);
    if (action.type === 'click') await this.#click(action.selector);
    if (action.type === 'fill') await this.#fill(action);
    if (action.type === 'press') await this.#page.keyboard.press(action.key);
    if (action.type === 'scroll') await this.#page.evaluate(scrollTo(action.to));
    if (action.type === 'wait' && action.selector !== undefined) await this.waitForSelector(action.selector);
    if (action.type === 'wait') await this.pause(action.ms ?? 0);
    await this.#settle();
  }

  async #click(selector: string): Promise<void> {
    const frame = await this.#frames.find(css(selector));
    await frame.click(css(selector), { timeout: this.#leftMs() });
  }

  /** Fills in a field as its kind wants it: text, one of the options, or a check mark. */
  async #fill({ selector, value }: { selector: string; value: string }): Promise<void> {
    const frame = await this.#frames.find(css(selector));
    const field = frame.locator(css(selector)).first();
    const kind = await field.evaluate(kindOf, undefined, { timeout: this.#leftMs() });
    const timeout = this.#leftMs();
    if (kind.startsWith('select')) await field.selectOption(value, { timeout });
    else if (/^(?:checkbox|radio)$/.test(kind)) await field.setChecked(value === 'true', { timeout });
    else await field.fill(value, { timeout });
  }

  /**
   * Scrolls through the page once, so that what loads when it is seen is loaded. Most pages load
   * nothing then: they are not waited for.
   */
  async lookThrough(): Promise<void> {
    const { requests } = this.#quiet;
    const moved = await this.#page.evaluate<boolean>(`(async () => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const view = ${SCROLLER};
      if (!view || view.clientHeight >= view.scrollHeight) return false;
      for (let n = 1; n <= ${MAX_SCREENS} && n * view.clientHeight < view.scrollHeight; n++) {
        view.scrollTo({ top: n * view.clientHeight, behavior: 'instant' });
        await frame();
      }
      view.scrollTo({ top: 0, behavior: 'instant' });
      await frame();
      return true;
    })()`);
    if (moved && (await this.#quiet.hasStirred(requests))) await this.#settle();
  }

  /** Scrolls to the end of a list again and again, until it grows no more. */
  async scrollToEnd(): Promise<void> {
    const reserveMs = this.#leftMs() / 5;
    for (let round = 0, grown = 0; round < MAX_ROUNDS && this.#leftMs() > reserveMs; round++) {
      const height = await this.#page.evaluate<number>(scrollTo('bottom'));
      if (height === grown) return;
      grown = height;
      await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    await settle(this.#page, this.#quiet, this.#leftMs);
  }
}

/** Runs in a page: the type of a field, such as `checkbox`, `select-one` or `text`. */
function kindOf(field: { type?: unknown }): string {
  return String(field.type);
}

/**
 * Scrolls, and says how high what scrolls is. A page may want that to take its time: it does not.
 */
function scrollTo(to: 'bottom' | 'top' | number): string {
  const top = to === 'top' ? '0' : to === 'bottom' ? 'view.scrollHeight' : String(to);
  return `(() => {
    const view = ${SCROLLER};
    view?.scrollTo({ top: ${top}, behavior: 'instant' });
    return view?.scrollHeight ?? 0;
  })()`;
}
