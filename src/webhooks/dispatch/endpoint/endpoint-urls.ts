import { FIRST_URL_LANE, RETRY_LANE } from '../../outbox/lanes.ts';
import type { AccountLoad } from './account-load.ts';
import { WebhookUrl, type WaitingDelivery } from './webhook-url.ts';

/** The most URLs of one endpoint to remember before idle ones are forgotten. */
const MAX_URLS = 1000;

/** The URLs of one endpoint, and the deliveries that wait to be sent to them. */
export class EndpointUrls {
  readonly #account: AccountLoad;
  readonly #urls = new Map<string, WebhookUrl>();
  /** URLs with deliveries that wait, the longest unserved first. */
  readonly #waiting = new Set<WebhookUrl>();
  #fresh = 0;
  #retries = 0;

  constructor(account: AccountLoad) {
    this.#account = account;
  }

  /** Waiting deliveries that never failed, and those that did. */
  get fresh(): number {
    return this.#fresh;
  }

  get retries(): number {
    return this.#retries;
  }

  get waiting(): number {
    return this.#fresh + this.#retries;
  }

  get failing(): boolean {
    return this.#urls.values().some((url) => url.failing);
  }

  /** Whether some URL answers with 2xx. */
  get someProven(): boolean {
    return this.#urls.values().some((url) => url.proven);
  }

  all(): Iterable<WebhookUrl> {
    return this.#urls.values();
  }

  get(text: string): WebhookUrl {
    let url = this.#urls.get(text);
    if (url) return url;
    if (this.#urls.size >= MAX_URLS) this.#forgetOne();
    url = new WebhookUrl(text);
    this.#urls.set(text, url);
    return url;
  }

  /** The URL that has waited longest among those that may be sent to. */
  next(maySend: (url: WebhookUrl) => boolean): WebhookUrl | undefined {
    return this.#waiting.values().find(maySend);
  }

  push(url: WebhookUrl, waiting: WaitingDelivery): void {
    const { lane } = waiting.delivery;
    if (lane >= FIRST_URL_LANE) url.lane = lane;
    url.waiting.push(waiting);
    this.#waiting.add(url);
    this.#count(waiting, 1);
  }

  /** Takes the URL's first delivery; its next one waits for the turns of the other URLs. */
  shift(url: WebhookUrl): WaitingDelivery {
    const first = url.waiting.shift()!;
    this.#waiting.delete(url);
    if (url.waiting.length > 0) this.#waiting.add(url);
    this.#count(first, -1);
    return first;
  }

  /** Takes all deliveries of the URLs that are `chosen`. */
  drain(chosen: (url: WebhookUrl) => boolean): WaitingDelivery[] {
    const drained: WaitingDelivery[] = [];
    for (const url of this.#waiting) {
      if (!chosen(url)) continue;
      this.#waiting.delete(url);
      drained.push(...url.waiting.splice(0));
    }
    for (const waiting of drained) this.#count(waiting, -1);
    return drained;
  }

  #count({ delivery }: WaitingDelivery, change: 1 | -1): void {
    if (delivery.lane === RETRY_LANE) this.#retries += change;
    else this.#fresh += change;
    this.#account.waiting += change;
  }

  /** Forgets the oldest idle URL, one that does not back off where there is one. */
  #forgetOne(): void {
    const idle = this.#urls.values().filter((url) => url.idle);
    const forgotten = idle.find((url) => !url.breaker.isOpen) ?? this.#urls.values().find((url) => url.idle);
    if (forgotten) this.#urls.delete(forgotten.url);
  }
}
