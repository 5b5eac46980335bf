import { callerHeaders, type FetchedPage } from '../../egress/index.ts';
import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import type { SharedSemaphore } from '../../limits/shared-semaphore.ts';
import type { RenderedFiles, RenderedPage } from '../../render/messages.ts';
import type { RenderClient } from '../../render/thread-port.ts';
import { PageError } from '../../scrape/types.ts';
import { USER_AGENT } from '../hosts/answer.ts';
import type { WayRules } from '../hosts/place.ts';
import type { JobInfo } from '../job.ts';
import type { RenderTurns } from '../limits/render-turns.ts';
import { cookiesFor } from './cookies.ts';
import { headersFor } from './headers.ts';

/** A page to render, and the rules for that. */
export interface Rendering {
  job: JobInfo;
  url: string;
  signal: AbortSignal;
  rules: WayRules;
}

/** A rendered document in the form of a fetched page, with the files made of it. */
export type RenderedDocument = FetchedPage & { files: RenderedFiles };

/** The browser as a thread sees it. All threads share its places. */
export class Renders {
  readonly #places: SharedSemaphore;
  readonly #shares: KeyedSemaphore;
  readonly #client: RenderClient;
  readonly #turns: RenderTurns | null;

  /** `turns`: those that a page must wait for besides a place; null where it need not. */
  constructor(
    client: RenderClient,
    {
      places,
      concurrency,
      turns,
    }: { places: SharedSemaphore; concurrency: number; turns: RenderTurns | null },
  ) {
    this.#client = client;
    this.#places = places;
    this.#shares = new KeyedSemaphore(concurrency);
    this.#turns = turns;
  }

  /**
   * Joins the line. An account has at most `concurrency` pages in it, so that others wait behind no
   * more of it.
   */
  async join(accountId: string, signal: AbortSignal): Promise<Disposable> {
    const share = await this.#shares.acquire(accountId, 1, signal);
    if (!share) throw signal.reason;
    return share;
  }

  /** Waits for a place, in the line. */
  async enter(signal: AbortSignal): Promise<Disposable> {
    using stack = new DisposableStack();
    const turn = await this.#turns?.take(signal);
    let enteredAt = performance.now();
    if (turn) stack.defer(() => this.#turns!.giveBack(turn, performance.now() - enteredAt));
    stack.use(await this.#places.acquire(1, signal));
    enteredAt = performance.now();
    signal.throwIfAborted();
    return stack.move();
  }

  /**
   * Renders a page. Null where the answer is no HTML, which must be fetched. Throws as a fetch
   * does.
   */
  async render({ job, url, signal, rules }: Rendering): Promise<RenderedDocument | null> {
    const { rendering, respect_robots, user_agent, skip_tls_verification } = job.options;
    let refusal: unknown = null;
    const request = {
      url,
      headers: callerHeaders(headersFor(job, url)),
      cookies: cookiesFor(job, url).all(),
      keepsCookies: job.session !== null,
      userAgent: user_agent ?? USER_AGENT,
      skipTlsVerification: skip_tls_verification,
      timeoutMs: rules.timeoutMs,
      via: rules.via,
      payer: job.account_id,
      options: rendering!,
      asks: respect_robots,
    };
    const ask = async (next: string) => {
      try {
        await rules.mayVisit(next);
        return true;
      } catch (error) {
        refusal = error;
        return false;
      }
    };
    try {
      const page = await this.#client.render(request, { signal, mayVisit: ask });
      for (const { url: from, value } of page.cookies) job.session?.remember(new URL(from), [value]);
      return asFetched(page, url);
    } catch (error) {
      throw error instanceof PageError && error.code === 'robots' ? (refusal ?? error) : error;
    }
  }
}

function asFetched(page: RenderedPage, requested: string): RenderedDocument | null {
  if (page.body === null) return null;
  const { url, status, headers, robotsTags, redirects, files, durationMs } = page;
  const body = Buffer.from(page.body.buffer, page.body.byteOffset, page.body.byteLength);
  const contentType = 'text/html; charset=utf-8';
  const hops = [requested, ...redirects].slice(0, -1).map((from) => ({ url: from, status: null }));
  const answer = { url, status, headers, robotsTags, contentType, body, truncated: false };
  return { ...answer, hops, durationMs, files };
}
