import type { BrowserSettings, RenderedPage, RenderRequest } from './messages.ts';
import { browserUser } from './browser-user.ts';
import { BrowserLostError, BrowserProcess, PageFaultError, type RenderCaller } from './browser-process.ts';

/** A browser that has nothing to do ends after this. */
const IDLE_MS = 30_000;

export interface RendererOptions {
  settings: Omit<BrowserSettings, 'directory' | 'user'>;
  /** Called when a browser starts, ends unexpectedly, or does not start. */
  log: {
    info(facts: object, message: string): void;
    warn(facts: object, message: string): void;
  };
  idleMs?: number;
}

/**
 * The browser of this process: started with the first page, ended when idle, replaced when it has
 * grown. A page whose browser is lost is rendered once more, in a browser of its own, so that it
 * cannot take other pages with it.
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
      return await this.#renderShared(request, caller);
    } finally {
      if (--this.#underWay === 0)
        this.#idle = setTimeout(() => this.#retire(), this.#options.idleMs ?? IDLE_MS).unref();
    }
  }

  async #renderShared(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    const browser = await this.#usable().catch((error: unknown) => {
      throw this.#notStarted(error);
    });
    try {
      return await browser.render(request, caller);
    } catch (error) {
      if (error instanceof PageFaultError) throw error;
      if (this.#closed || caller.signal.aborted) throw new PageFaultError('cancelled', String(error));
      if (!(error instanceof BrowserLostError)) throw this.#notStarted(error);
      this.#options.log.warn({ err: error }, 'browser was lost; its pages are rendered again, each alone');
      return await this.#renderAlone(request, caller);
    } finally {
      // A browser that was replaced ends with its last page.
      const current = await this.#current?.catch(() => null);
      if (browser.load === 0 && current !== browser) browser.stop();
    }
  }

  async #renderAlone(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    const browser = await this.#start();
    try {
      return await browser.render(request, caller);
    } catch (error) {
      if (error instanceof PageFaultError) throw error;
      throw new PageFaultError('render_failed', String(error));
    } finally {
      browser.stop();
    }
  }

  #notStarted(error: unknown): PageFaultError {
    this.#options.log.warn({ err: error }, 'browser did not start');
    this.#current = null;
    return new PageFaultError('render_failed', String(error));
  }

  async #usable(): Promise<BrowserProcess> {
    for (;;) {
      const current = this.#current;
      const browser = await current?.catch(() => null);
      if (browser?.usable) return browser;
      // Where several pages have waited, the first one starts the next browser.
      if (this.#current !== current) continue;
      if (browser?.load === 0) browser.stop();
      this.#current = this.#start();
      return await this.#current;
    }
  }

  async #start(): Promise<BrowserProcess> {
    const browser = await BrowserProcess.start({ ...this.#options.settings, user: await browserUser() });
    this.#all.add(browser);
    void browser.exited.then(() => this.#all.delete(browser));
    if (this.#closed) browser.stop();
    this.#options.log.info({ browser_pid: browser.pid }, 'browser starts');
    return browser;
  }

  #retire(): void {
    const idle = this.#current;
    this.#current = null;
    void idle?.then((browser) => browser.stop());
  }

  /** Ends every browser; pages under way are given up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#current?.catch(() => {});
    const all = [...this.#all];
    for (const browser of all) browser.stop();
    await Promise.all(all.map((browser) => browser.exited));
  }
}

/** Starts a browser and ends it. Throws where it does not start. */
export async function tryBrowser(settings: RendererOptions['settings']): Promise<void> {
  const browser = await BrowserProcess.start({ ...settings, user: await browserUser() });
  try {
    await browser.ready;
  } finally {
    browser.stop();
    await browser.exited;
  }
}
