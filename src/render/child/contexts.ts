import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import type { RenderRequest } from '../messages.ts';
import { OPEN_SHADOWS } from './page/snapshot.ts';
import { WATCH_TIMERS } from './page/timers.ts';

/** WebRTC sends UDP, which goes past every proxy. Ours keeps a browser from it by its flags. */
const NO_WEBRTC = 'delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection';

/** A context that the browser does not close by then has broken the browser. */
const CLOSE_LIMIT_MS = 10_000;

/** What a context is made with. */
export type ContextSettings = Pick<RenderRequest, 'userAgent' | 'skipTlsVerification'> & {
  options: Pick<RenderRequest['options'], 'viewport' | 'mobile' | 'locale' | 'timezone'>;
};

/** A browser context with its one page, which has been nowhere yet. */
export interface FreshContext {
  context: BrowserContext;
  page: Page;
  cdp: CDPSession;
}

export interface ContextsOptions {
  /** The proxy of every context; null: that of the browser. */
  proxyServer: string | null;
  /** Whether pages have WebRTC. */
  webRtc: boolean;
  /** Called when the browser does not close a context any more. */
  onBroken: () => void;
}

/**
 * The contexts of a browser, one a page: none is used twice. While several pages are under way the
 * next context is made beside them, as the last one was, so that a page need not wait for it.
 */
export class Contexts {
  readonly #browser: Browser;
  readonly #options: ContextsOptions;
  #underWay = 0;
  #spare: { key: string; fresh: Promise<FreshContext> } | null = null;

  constructor(browser: Browser, options: ContextsOptions) {
    this.#browser = browser;
    this.#options = options;
  }

  /** Gives `use` a context of its own, which is closed afterwards. */
  async with<T>(settings: ContextSettings, use: (fresh: FreshContext) => Promise<T>): Promise<T> {
    this.#underWay++;
    try {
      const fresh = await this.#take(settings);
      // Nobody waits for that.
      return await use(fresh).finally(() => void this.#close(fresh.context));
    } finally {
      if (--this.#underWay === 0) this.#drop();
    }
  }

  /** Makes the next context, where another page is under way. */
  prepare(settings: ContextSettings): void {
    if (this.#underWay < 2 || this.#spare !== null) return;
    const spare = { key: keyOf(settings), fresh: this.#open(settings) };
    this.#spare = spare;
    const drop = () => {
      if (this.#spare === spare) this.#drop();
    };
    // What keeps one from being made keeps the next page from having one too, and is its failure.
    spare.fresh.then(({ page }) => page.on('crash', drop), drop);
  }

  async #take(settings: ContextSettings): Promise<FreshContext> {
    const spare = this.#spare;
    if (spare?.key !== keyOf(settings)) {
      this.#drop();
      return await this.#open(settings);
    }
    this.#spare = null;
    return await spare.fresh;
  }

  async #open(settings: ContextSettings): Promise<FreshContext> {
    const { proxyServer, webRtc } = this.#options;
    const context = await this.#browser.newContext({
      ...browserSettings(settings),
      ...(proxyServer === null ? {} : { proxy: { server: proxyServer } }),
    });
    // Before there is a page, which then starts with them: later each would be a message of its
    // own.
    await context.addInitScript([OPEN_SHADOWS, WATCH_TIMERS, ...(webRtc ? [] : [NO_WEBRTC])].join(';'));
    const page = await context.newPage();
    context.on('page', (other) => void other.close().catch(() => {}));
    return { context, page, cdp: await context.newCDPSession(page) };
  }

  #drop(): void {
    const spare = this.#spare;
    this.#spare = null;
    void spare?.fresh.then(async ({ context }) => await this.#close(context)).catch(() => {});
  }

  async #close(context: BrowserContext): Promise<void> {
    const closed = context.close().then(
      () => true,
      () => true,
    );
    if (!(await Promise.race([closed, sleep(CLOSE_LIMIT_MS, false, { ref: false })])))
      this.#options.onBroken();
  }
}

/** Equal for settings that make the same context. */
function keyOf({ userAgent, skipTlsVerification, options }: ContextSettings): string {
  const { viewport, mobile, locale, timezone } = options;
  return JSON.stringify([userAgent, skipTlsVerification, viewport, mobile, locale, timezone]);
}

/** What a caller asks for, in the words of the driver. */
function browserSettings({
  userAgent,
  skipTlsVerification,
  options,
}: ContextSettings): BrowserContextOptions {
  const { viewport, mobile, locale, timezone } = options;
  return {
    userAgent,
    viewport,
    isMobile: mobile,
    hasTouch: mobile,
    ignoreHTTPSErrors: skipTlsVerification,
    acceptDownloads: false,
    serviceWorkers: 'block',
    ...(locale === null ? {} : { locale }),
    ...(timezone === null ? {} : { timezoneId: timezone }),
  };
}
