import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, Request } from 'playwright-core';
import { TIMERS_LEFT_MS } from './timers.ts';

/** Requests that may stay open for as long as a page does. */
const ENDLESS = new Set(['websocket', 'eventsource', 'media', 'ping']);

/** How long to wait for timers, including those that the first ones start. */
const TIMERS_LIMIT_MS = 1000;

/** Knows when a page has nothing under way: no request, and no timer that fires soon. */
export class Quiet {
  readonly #page: Page;
  readonly #underWay = new Set<Request>();
  /** Documents that the page goes on to, and that have not been answered. */
  readonly #awaited = new Set<Request>();
  #requests = 0;
  #onChange: () => void = () => {};

  /**
   * Watches a page from before its first request. Its timers are watched by a script of its
   * context.
   */
  constructor(page: Page) {
    this.#page = page;
    page.on('request', (request) => {
      if (ENDLESS.has(request.resourceType()) || isForLater(request)) return;
      this.#requests++;
      this.#underWay.add(request);
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.#awaited.add(request);
      this.#onChange();
    });
    page.on('response', (response) => this.#awaited.delete(response.request()));
    const end = (request: Request) => {
      this.#awaited.delete(request);
      if (this.#underWay.delete(request)) this.#onChange();
    };
    page.on('requestfinished', end);
    page.on('requestfailed', end);
  }

  /** The requests that the page has made so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Whether the page is about to go elsewhere, and has no answer from there. */
  get isLeaving(): boolean {
    return this.#awaited.size > 0;
  }

  /**
   * Whether the page has started anything since it had made so many requests, or is about to. Waits
   * until its scripts have nothing to do.
   */
  async hasStirred(since: number): Promise<boolean> {
    const timerMs = await this.#timersLeftMs();
    return timerMs > 0 || this.#requests !== since || this.#underWay.size > 0;
  }

  /** Waits until no request has been under way for `quietMs`, and no timer is, or for `limitMs`. */
  async wait(quietMs: number, limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    let timersMs = TIMERS_LIMIT_MS;
    for (let leftMs = limitMs; leftMs > 0; leftMs = end - performance.now()) {
      await this.waitForRequests(quietMs, leftMs);
      const known = this.#requests;
      const timerMs = await this.#timersLeftMs();
      // The page's answer comes after word of each request that it made before.
      if (this.#requests !== known) continue;
      if (!(timerMs > 0) || timersMs <= 0) return;
      const waitMs = Math.min(timerMs, timersMs, end - performance.now());
      timersMs -= waitMs;
      await sleep(waitMs);
    }
  }

  async #timersLeftMs(): Promise<number> {
    return await this.#page.evaluate<number>(TIMERS_LEFT_MS).catch(() => 0); // it goes elsewhere
  }

  /** Waits until no request has been under way for `quietMs`, or for `limitMs`. */
  async waitForRequests(quietMs: number, limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const limit = setTimeout(resolve, limitMs);
    let timer: NodeJS.Timeout | undefined;
    this.#onChange = () => {
      clearTimeout(timer);
      if (this.#underWay.size === 0) timer = setTimeout(resolve, quietMs);
    };
    this.#onChange();
    await promise;
    this.#onChange = () => {};
    clearTimeout(limit);
    clearTimeout(timer);
  }
}

/** Whether a page loads something ahead of a visit. The driver misses how some of that ends. */
function isForLater(request: Request): boolean {
  return request.headers()['sec-purpose']?.startsWith('prefetch') ?? false;
}
