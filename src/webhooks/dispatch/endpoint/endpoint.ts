import { FIRST_URL_LANE, URGENT_LANE } from '../../outbox/lanes.ts';
import { createPermit, type Permit } from '../../../limits/permit.ts';
import type { Destination } from '../../direct/reservation.ts';
import type { AttemptResult } from '../../outbox/finished-attempt.ts';
import type { AccountLoad } from './account-load.ts';
import { answerMs, isRefusal, isUnreachable } from './attempt-lessons.ts';
import { Breaker } from './breaker.ts';
import { ClaimWindow } from './claim-window.ts';
import { EndpointConcurrency } from './endpoint-concurrency.ts';
import { EndpointPlaces, type Place } from './endpoint-places.ts';
import { EndpointReports, type Rest } from './endpoint-reports.ts';
import { EndpointUrls } from './endpoint-urls.ts';
import type { TrialBudget } from './trial-budget.ts';
import { UrgentDeliveries } from './urgent-deliveries.ts';
import type { WaitingDelivery, WebhookUrl } from './webhook-url.ts';

/**
 * While a failing URL has enough deliveries waiting, its other retries are deferred by this time.
 */
const CROWDED_DEFER_MS = 5000;
/**
 * A request stalls after this time, or after this many times the endpoint's latency if that is
 * more.
 */
const STALL_MS = 500;
const STALL_LATENCIES = 3;

export interface EndpointOptions {
  account_id: string;
  /** Host and port. */
  endpoint: string;
  account: AccountLoad;
  /** Shared by the endpoints of one host. */
  budget: TrialBudget;
  maxConcurrency: number;
}

/** A place, and the endpoint that gave it. */
export interface EndpointPlace extends Place {
  readonly endpoint: Endpoint;
}

/** How many deliveries may be claimed now, by kind of lane. */
export interface Capacity {
  urgent: number;
  retries: number;
  fresh: number;
}

/**
 * What a dispatcher knows of one endpoint (an account's host and port). Its URLs are served in
 * turn. A URL that fails backs off by itself; the endpoint as a whole backs off only while no
 * connection to it can be made. Refusals slow it down where they come from a URL that has answered,
 * or where none has: what one hook refuses says nothing of the others of its host.
 */
export class Endpoint {
  readonly account_id: string;
  readonly endpoint: string;
  readonly account: AccountLoad;
  readonly budget: TrialBudget;
  readonly concurrency: EndpointConcurrency;
  /** The URL lane after which the next claim goes on. */
  lastLane = 0;
  readonly #reachability = new Breaker();
  readonly #urls: EndpointUrls;
  readonly #places: EndpointPlaces;
  readonly #urgent: UrgentDeliveries;
  /** Deliveries that are to be handed over, for which room is kept. */
  #reserved = 0;
  readonly #window = new ClaimWindow();
  readonly #reports = new EndpointReports();

  constructor({ account_id, endpoint, account, budget, maxConcurrency }: EndpointOptions) {
    this.account_id = account_id;
    this.endpoint = endpoint;
    this.account = account;
    this.budget = budget;
    this.concurrency = new EndpointConcurrency(maxConcurrency);
    this.#urls = new EndpointUrls(account);
    this.#urgent = new UrgentDeliveries(account);
    this.#places = new EndpointPlaces(this.concurrency, account);
  }

  get hasWaiting(): boolean {
    return this.#urls.waiting + this.#urgent.waiting > 0;
  }

  get idle(): boolean {
    const reserved = this.#reserved + this.#urgent.reserved;
    return !this.hasWaiting && reserved === 0 && this.#places.idle && !this.#urls.failing;
  }

  /** How many more deliveries may be claimed now. */
  capacity(now: number): Capacity {
    const { limit, latencyMs } = this.concurrency;
    const ahead = this.#window.size(limit, latencyMs);
    const fresh = Math.max(limit, ahead) - this.#urls.fresh - this.#places.active - this.#reserved;
    const retries = Math.max(1, limit >> 1) - this.#urls.retries - this.#places.retrying;
    const allowed =
      Math.min(this.#reachable(now), this.budget.available(now)) - this.#urls.waiting - this.#reserved;
    return {
      urgent: this.#urgent.places,
      retries: Math.max(0, Math.min(allowed, retries)),
      fresh: this.#places.full ? 0 : Math.max(0, Math.min(allowed, fresh)),
    };
  }

  hasCapacity(now: number): boolean {
    const { retries, fresh } = this.capacity(now);
    return retries + fresh > 0;
  }

  /**
   * Keeps room for one delivery that could be sent at once: nothing waits, nothing backs off, and
   * there is a place. Null where it could not.
   */
  reserve({ webhook_url, urgent }: Destination, now: number): Permit | null {
    if (urgent) return this.#urgent.reserve();
    if (this.hasWaiting || !this.#couldSend(this.#urls.get(webhook_url), this.#reserved + 1, now))
      return null;
    this.#reserved++;
    return createPermit(1, () => this.#reserved--);
  }

  /**
   * Whether `more` further requests to a URL could begin now, if nothing suggests that they would
   * fail.
   */
  #couldSend(url: WebhookUrl, more: number, now: number): boolean {
    if (this.#reachability.isOpen || url.failing || this.#places.isShut(url)) return false;
    if (url.inFlight + more > url.places(this.concurrency.limit, now)) return false;
    return this.#places.hasRoomFor(more) && this.budget.available(now) >= more;
  }

  /** The most to claim now of the lanes of URLs that fail or stall. */
  laneLimits(now: number): Record<number, number> {
    const limits: Record<number, number> = {};
    for (const url of this.#urls.all()) {
      if (url.lane === null) continue;
      const count = this.#places.isShut(url) ? 0 : url.claimLimit(this.concurrency.limit, now);
      if (count !== null) limits[url.lane] = count;
    }
    return limits;
  }

  /** The lanes of the URLs that answer, where there are places for these alone; else null. */
  get provenLanes(): number[] | null {
    if (!this.#places.unprovenFull) return null;
    return [...this.#urls.all()].flatMap(({ proven, lane }) => (proven && lane !== null ? [lane] : []));
  }

  /**
   * Takes in a claimed delivery. Returns null, or where its URL backs off, the milliseconds after
   * which it should be due again.
   */
  add(waiting: WaitingDelivery, now: number): number | null {
    const { lane, webhook_url } = waiting.delivery;
    if (lane === URGENT_LANE) {
      this.#urgent.push(waiting);
      return null;
    }
    const url = this.#urls.get(webhook_url);
    if (lane >= FIRST_URL_LANE) url.lane = lane;
    const rest = Math.max(this.#reachability.restMs(now), url.breaker.restMs(now));
    const taken = url.inFlight + url.waiting.length;
    const crowded = url.failing && taken >= url.places(this.concurrency.limit, now);
    if (rest > 0 || crowded) return lane >= FIRST_URL_LANE ? 0 : Math.max(rest, CROWDED_DEFER_MS);
    this.#urls.push(url, waiting);
    return null;
  }

  /** The next request that may begin now, in its place; null where there is none. */
  take(now: number): EndpointPlace | null {
    if (this.#reachable(now) < 1 || !this.#places.hasRoomFor(1) || this.budget.available(now) < 1)
      return null;
    const url = this.#nextUrl(now);
    if (!url) return null;
    this.budget.spendRequest();
    return this.#places.begin({ ...this.#urls.shift(url), endpoint: this, url, startedAt: now });
  }

  /** The next request that a person asked for. It waits only for others of its kind. */
  takeUrgent(now: number): EndpointPlace | null {
    const waiting = this.#urgent.shift();
    if (waiting === null) return null;
    const url = this.#urls.get(waiting.delivery.webhook_url);
    return this.#places.beginUrgent({ ...waiting, endpoint: this, url, startedAt: now });
  }

  /**
   * Learns from an attempt that is over. Returns the deliveries to give back, because they cannot
   * be sent soon.
   */
  settle({ url, urgent, crowded }: Place, result: AttemptResult, now: number): WaitingDelivery[] {
    if (result.status_code !== null) this.#reachability.succeed();
    if (result.error === null) {
      url.breaker.succeed();
      url.proven = true;
      this.budget.pass();
      this.#window.grow();
      this.concurrency.succeed(answerMs(result), crowded, now);
      return [];
    }
    const unreachable = isUnreachable(result);
    if (unreachable) this.#reachability.fail(now);
    if (unreachable || url.proven || (isRefusal(result) && !this.#urls.someProven))
      this.concurrency.overload(now);
    if (urgent) return [];
    url.proven = false;
    url.breaker.fail(now);
    this.#window.halve();
    const allRest = this.#reachability.restMs(now) > 0;
    return this.#urls.drain((other) => allRest || (other === url && url.breaker.restMs(now) > 0));
  }

  /**
   * Passes the place of a request that takes very long to other URLs. Returns the deliveries to
   * give back, because they cannot be sent soon.
   */
  stall(place: Place, now: number, timeoutMs: number): WaitingDelivery[] {
    const patience = Math.min(
      timeoutMs / 4,
      Math.max(STALL_MS, STALL_LATENCIES * this.concurrency.latencyMs),
    );
    if (now - place.startedAt < patience || !this.#places.stall(place)) return [];
    const { limit } = this.concurrency;
    const isStuck = (url: WebhookUrl) =>
      url.stalled === url.inFlight && url.stalled >= url.places(limit, now);
    return this.#urls.drain((url) => this.#places.isShut(url) || isStuck(url));
  }

  /** Takes back everything that was claimed and not sent. */
  takeBack(): WaitingDelivery[] {
    return [...this.#urgent.drain(), ...this.#urls.drain(() => true)];
  }

  /**
   * The rest to report after an attempt: how long, after how many failures in a row. Null where it
   * has not changed.
   */
  restToReport(now: number): Rest | null {
    return this.#reports.rest(this.#rest(now));
  }

  /** The limit of its concurrency where it is another than at the last call; else null. */
  limitToReport(): number | null {
    return this.#reports.limit(this.concurrency.limit);
  }

  /** It rests where it cannot be reached, and where a URL rests and none answers. */
  #rest(now: number): Rest {
    let rest = { ms: this.#reachability.restMs(now), failures: this.#reachability.failures };
    if (rest.ms > 0) return rest;
    for (const { proven, breaker } of this.#urls.all()) {
      if (proven) return { ms: 0, failures: 0 };
      const ms = breaker.restMs(now);
      if (ms > rest.ms) rest = { ms, failures: breaker.failures };
    }
    return rest;
  }

  /** How many requests the host's state allows: none while it rests, one while it is probed. */
  #reachable(now: number): number {
    if (this.#reachability.restMs(now) > 0) return 0;
    return this.#reachability.isOpen ? 1 - this.#places.inFlight : Infinity;
  }

  /** Failing URLs come last, and hold only a part of the places. */
  #nextUrl(now: number): WebhookUrl | undefined {
    const { limit } = this.concurrency;
    const maySend = (url: WebhookUrl) => url.inFlight < url.places(limit, now) && !this.#places.isShut(url);
    const healthy = this.#urls.next((url) => !url.failing && maySend(url));
    return healthy ?? (this.#places.failingFull ? undefined : this.#urls.next(maySend));
  }
}
