import type { BrowserSettings, RenderedPage, RenderRequest } from './messages.ts';
import { browserUser } from './browser-user.ts';
import { BrowserLostError, BrowserProcess, PageFaultError, type RenderCaller } from './browser-process.ts';

/** A browser that has nothing to do ends after this. */
const IDLE_MS = 30_000;
/** How often a browser is started for the pages that wait for it: one may be killed meanwhile. */
const STARTS = 2;

/** What operators are told of a browser elsewhere that does not go out through this process. */
export const NOT_GUARDED =
  'the browser at BROWSER_URL does not reach this process, so that it resolves names and makes ' +
  'connections itself: set BROWSER_PROXY_HOST, or keep private networks out of its reach';

export interface RendererOptions {
  settings: Omit<BrowserSettings, 'directory' | 'user'>;
  /** Called when a browser starts, ends unexpectedly, or does not start. */
  log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
    warn(message: string): void;
  };
  idleMs?: number;
}

/**
 * The browser of this process: started with the first page, ended when idle, replaced when it has
 * grown or was lost. A page whose browser is lost is rendered once more, in a browser of its own,
 * so that it cannot take other pages with it.
 */
export class Renderer implements AsyncDisposable {
  readonly #options: RendererOptions;
  readonly #all = new Set<BrowserProcess>();
  #current: Promise<BrowserProcess> | null = null;
  #idle: NodeJS.Timeout | undefined;
  #underWay = 0;
  #closed = false;

  constructor(options: RendererOptions) {
    this.#options = options;
  }

  /** Renders a page. Throws PageFaultError. */
  async render(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    clearTimeout(this.#idle);
    this.#underWay++;
    try {
      return await this.#renderOnceMore(request, caller);
    } catch (error) {
      if (error instanceof PageFaultError) throw error;
      const fault = this.#closed || caller.signal.aborted ? 'cancelled' : 'render_failed';
      throw new PageFaultError(fault, String(error));
    } finally {
      if (--this.#underWay === 0)
        this.#idle = setTimeout(() => this.#endIdle(), this.#options.idleMs ?? IDLE_MS).unref();
    }
  }

  async #renderOnceMore(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    try {
      const browser = await this.#usable();
      return await browser.render(request, caller);
    } catch (error) {
      if (!(error instanceof BrowserLostError) || this.#closed || caller.signal.aborted) throw error;
      this.#options.log.warn({ err: error }, 'browser was lost; its pages are rendered again, each alone');
      return await this.#renderAlone(request, caller);
    }
  }

  async #renderAlone(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    const browser = await this.#start();
    try {
      return await browser.render(request, caller);
    } finally {
      browser.stop();
    }
  }

  /** The browser of all pages. A start that fails, fails all that wait for it. */
  async #usable(): Promise<BrowserProcess> {
    for (;;) {
      const current = (this.#current ??= this.#startShared());
      const browser = await current;
      if (browser.usable) return browser;
      browser.retire();
      // Where several pages have waited, the first one starts the next browser.
      if (this.#current === current) this.#current = null;
    }
  }

  #startShared(): Promise<BrowserProcess> {
    const start = this.#start();
    start.catch(() => {
      if (this.#current === start) this.#current = null;
    });
    return start;
  }

  /** Starts a browser, and another one where that fails. */
  async #start(): Promise<BrowserProcess> {
    for (let left = STARTS; ; left--) {
      try {
        const browser = await this.#spawn();
        const { guarded } = await browser.ready;
        if (!guarded) this.#options.log.warn(NOT_GUARDED);
        return browser;
      } catch (error) {
        this.#options.log.warn({ err: error }, 'browser did not start');
        if (left === 1 || this.#closed) throw error;
      }
    }
  }

  async #spawn(): Promise<BrowserProcess> {
    const browser = await BrowserProcess.start({ ...this.#options.settings, user: await browserUser() });
    this.#all.add(browser);
    void browser.exited.then(() => this.#all.delete(browser));
    if (this.#closed) browser.stop();
    this.#options.log.info({ browser_pid: browser.pid }, 'browser starts');
    return browser;
  }

  #endIdle(): void {
    const idle = this.#current;
    this.#current = null;
    void idle?.then((browser) => browser.retire());
  }

  /** Ends every browser; pages under way are given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    for (const browser of this.#all) browser.stop();
    await this.#current?.catch(() => {}); // one that is being made stops itself
    await Promise.all([...this.#all].map((browser) => browser.exited));
  }
}

/**
 * Starts a browser and ends it. Returns whether all its connections go through egress. Throws where
 * it does not start.
 */
export async function tryBrowser(settings: RendererOptions['settings']): Promise<{ guarded: boolean }> {
  const browser = await BrowserProcess.start({ ...settings, user: await browserUser() });
  try {
    return await browser.ready;
  } finally {
    browser.stop();
    await browser.exited;
  }
}
