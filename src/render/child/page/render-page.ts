import { setTimeout as sleep } from 'node:timers/promises';
import { errors, type CDPSession, type Page } from 'playwright-core';
import { routeOf } from '../../../crawl/route.ts';
import { LARGEST_PAGE_BYTES, type PageTraffic } from '../../../egress/index.ts';
import type { RenderedPage, RenderFault, RenderRequest } from '../../messages.ts';
import { isAdvertiser } from './advertisers.ts';
import type { Contexts, FreshContext } from '../contexts.ts';
import { changedCookies, giveCookies } from './cookies.ts';
import { checkElsewhere } from './elsewhere.ts';
import { Files } from './files.ts';
import { settle, waitForLoad } from './load.ts';
import { Navigation } from './navigation.ts';
import { Quiet } from './quiet.ts';
import { snapshot, type Frame, type Reading } from './snapshot.ts';
import { Steps } from './steps.ts';
import type { WayOut } from '../way-out.ts';

/** What one page may receive and send for, with all that it loads. */
const MAX_TRAFFIC = { maxBytes: 64 * 1024 * 1024, maxRequests: 2000 };
/**
 * How the browser says that an answer without a type is a file, and that an error has no text.
 */
const NOTHING_TO_RENDER = /Download is starting|ERR_HTTP_RESPONSE_CODE_FAILURE/;
/** How often a page is read that navigates meanwhile, and how long after each other. */
const READINGS = 3;
const READING_PAUSE_MS = 100;

/** The page was not rendered. */
export class RenderError extends Error {
  override name = 'RenderError';
  readonly fault: RenderFault;
  constructor(fault: RenderFault, cause?: unknown) {
    super(fault, { cause });
    this.fault = fault;
  }
}

interface RenderTools extends WayOut {
  contexts: Contexts;
  signal: AbortSignal;
  mayVisit: (url: string) => Promise<boolean>;
}

/** Renders one page in a browser context of its own. Throws RenderError. */
export async function renderPage(request: RenderRequest, tools: RenderTools): Promise<RenderedPage> {
  const { options } = request;
  if (!tools.guarded && request.via !== null)
    throw new RenderError('render_failed', 'the browser at BROWSER_URL makes its own connections');
  using traffic = tools.proxy.admit({
    ...MAX_TRAFFIC,
    via: request.via,
    payer: request.payer,
    refuseHost: options.block.includes('ads') ? isAdvertiser : undefined,
  });
  return await tools.contexts.with(
    request,
    async (fresh) => await new PageRender(request, tools, { fresh, traffic }).run(),
  );
}

/** What belongs to a page while it is rendered. */
interface PageParts {
  quiet: Quiet;
  navigation: Navigation;
  files: Files;
}

class PageRender {
  readonly #request: RenderRequest;
  readonly #tools: RenderTools;
  readonly #fresh: FreshContext;
  readonly #traffic: PageTraffic;
  readonly #startedAt = performance.now();

  constructor(
    request: RenderRequest,
    tools: RenderTools,
    { fresh, traffic }: { fresh: FreshContext; traffic: PageTraffic },
  ) {
    this.#request = request;
    this.#tools = tools;
    this.#fresh = fresh;
    this.#traffic = traffic;
  }

  get #leftMs(): number {
    return Math.max(1, Math.ceil(this.#request.timeoutMs - (performance.now() - this.#startedAt)));
  }

  /** Ends with the page's time, with its tab, and with the caller's interest. */
  async run(): Promise<RenderedPage> {
    const { signal } = this.#tools;
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new RenderError('render_timeout')), this.#request.timeoutMs);
    const stop = () => reject(new RenderError('cancelled'));
    signal.addEventListener('abort', stop, { once: true });
    this.#traffic.signal.addEventListener('abort', () => reject(new RenderError('too_large')), {
      once: true,
    });
    try {
      return await Promise.race([this.#render(reject), cut]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  async #render(fail: (error: RenderError) => void): Promise<RenderedPage> {
    const { context, page, cdp } = this.#fresh;
    const { cookies, keepsCookies, options } = this.#request;
    page.on('crash', () => fail(new RenderError('render_failed', 'the tab crashed')));
    const quiet = new Quiet(page);
    const navigation = this.#navigation(cdp);
    const files = new Files(cdp, options);
    if (!this.#tools.guarded)
      await checkElsewhere(this.#fresh, async (url) => await this.#tools.proxy.check(url));
    await Promise.all([navigation.begin(), giveCookies(context, cookies)]);
    try {
      await this.#load(page, { quiet, navigation, files });
      if (navigation.notHtml) return this.#result(navigation, files, null);
      await files.picture();
      const document = await this.#readWhenStill(cdp, navigation);
      await files.print();
      const result = this.#result(navigation, files, document);
      if (!keepsCookies) return result;
      return { ...result, cookies: await changedCookies(context, cookies, navigation.visited) };
    } catch (error) {
      throw error instanceof RenderError ? error : this.#explain(error, navigation);
    }
  }

  #navigation(cdp: CDPSession): Navigation {
    const { proxy, guarded, mayVisit } = this.#tools;
    return new Navigation({
      cdp,
      request: this.#request,
      credential: this.#traffic,
      proxyUrl: proxy.url,
      mayVisit,
      check: guarded ? null : async (url) => await proxy.check(url),
    });
  }

  async #load(page: Page, { quiet, navigation, files }: PageParts): Promise<void> {
    const { url, headers, options } = this.#request;
    const { wait_for, actions, scroll_to_end } = options;
    // The browser takes it no other way.
    const from = headers['referer'] === undefined ? {} : { referer: headers['referer'] };
    try {
      await page.goto(url, { waitUntil: 'commit', timeout: this.#leftMs, ...from });
    } catch (error) {
      navigation.notHtml ||= NOTHING_TO_RENDER.test(String(error));
      if (navigation.notHtml) return;
      throw error;
    }
    const leftMs = () => this.#leftMs;
    await waitForLoad(page, leftMs);
    this.#tools.contexts.prepare(this.#request);
    await settle(page, quiet, leftMs);
    const steps = new Steps(page, { quiet, files }, leftMs);
    if (wait_for === 'network_idle') await steps.waitForIdle();
    else if (wait_for !== null && 'selector' in wait_for) await steps.waitForSelector(wait_for.selector);
    else if (wait_for !== null) await steps.pause(wait_for.ms);
    for (const action of actions) await steps.take(action);
    if (scroll_to_end) await steps.scrollToEnd();
    else await steps.lookThrough().catch(() => {}); // the page went elsewhere
  }

  async #readWhenStill(cdp: CDPSession, navigation: Navigation): Promise<Reading> {
    for (let readings = 1; ; readings++) {
      try {
        return await snapshot(cdp, LARGEST_PAGE_BYTES);
      } catch (error) {
        if (navigation.fault !== null || readings === READINGS) throw error;
        await sleep(READING_PAUSE_MS);
      }
    }
  }

  #result(navigation: Navigation, files: Files, reading: Reading | null): RenderedPage {
    if (navigation.fault !== null) throw new RenderError(navigation.fault);
    const answer = reading && navigation.answerOf(reading.frame.loaderId);
    const fields = answer?.fields ?? [];
    const body = reading && this.#bodyOf(reading, navigation);
    return {
      url: shownUrl(answer?.url ?? navigation.current, reading?.frame),
      redirects: answer?.redirects ?? [],
      status: answer?.status ?? 200,
      headers: Object.fromEntries(fields.map(({ name, value }) => [name.toLowerCase(), value])),
      robotsTags: fields.filter(({ name }) => /^x-robots-tag$/i.test(name)).map(({ value }) => value),
      cookies: [],
      body,
      files: files.all,
      durationMs: performance.now() - this.#startedAt,
    };
  }

  #bodyOf({ frame, html }: Reading, navigation: Navigation): Buffer {
    const { unreachableUrl } = frame;
    // The browser shows a page of its own for what it did not reach, and for an error without text.
    if (unreachableUrl !== undefined && !navigation.hasAnswered(frame.loaderId)) {
      const failure = this.#traffic.failureOf(new URL(unreachableUrl));
      throw new RenderError(failure?.code ?? 'connection_failed', failure?.cause);
    }
    const body = html === null ? null : Buffer.from(unreachableUrl ? '' : `<!doctype html>${html}`);
    if (body === null || body.length > LARGEST_PAGE_BYTES) throw new RenderError('too_large');
    return body;
  }

  /** Why the browser could not load the page, or do with it what was asked. */
  #explain(error: unknown, navigation: Navigation): RenderError {
    const message = error instanceof Error ? error.message : String(error);
    const unreached = this.#traffic.failureOf(navigation.current);
    if (navigation.fault !== null) return new RenderError(navigation.fault, error);
    if (unreached !== undefined && navigation.answer === null)
      return new RenderError(unreached.code, unreached.cause);
    if (/ERR_CERT|ERR_SSL/.test(message)) return new RenderError('tls_failed', error);
    if (message.includes('ERR_TOO_MANY_REDIRECTS')) return new RenderError('too_many_redirects', error);
    if (/ERR_(EMPTY_RESPONSE|CONNECTION|TUNNEL)/.test(message))
      return new RenderError('connection_failed', error);
    if (/ERR_(INVALID|RESPONSE_HEADERS|CONTENT)/.test(message))
      return new RenderError('invalid_response', error);
    if (error instanceof errors.TimeoutError) return new RenderError('render_timeout', error);
    return new RenderError('render_failed', error);
  }
}

/**
 * Where the page says that it is: a script may give it another address of its origin. A blob is of
 * that origin too, but has no address outside of the browser.
 */
function shownUrl(answered: URL, frame?: Frame): string {
  const shown = frame && URL.parse(frame.url + routeOf(frame.urlFragment ?? ''));
  const isOwn = shown?.origin === answered.origin && shown.protocol === answered.protocol;
  return isOwn ? shown.href : answered.href;
}
