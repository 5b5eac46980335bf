import type { Page, Request } from 'playwright-core';

/** Requests that may stay open for as long as a page does. */
const ENDLESS = new Set(['websocket', 'eventsource', 'media', 'ping']);

/** Knows when a page has no request under way. */
export class Quiet {
  readonly #underWay = new Set<Request>();
  #onChange: () => void = () => {};

  constructor(page: Page) {
    page.on('request', (request) => {
      if (ENDLESS.has(request.resourceType())) return;
      this.#underWay.add(request);
      this.#onChange();
    });
    const end = (request: Request) => {
      if (this.#underWay.delete(request)) this.#onChange();
    };
    page.on('requestfinished', end);
    page.on('requestfailed', end);
  }

  /** Waits until nothing has been under way for `quietMs`, or for `limitMs`. */
  async wait(quietMs: number, limitMs: number): Promise<void> {
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
