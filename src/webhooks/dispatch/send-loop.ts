import { AddressBusyError } from '../../egress/index.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { AttemptResult } from '../outbox/finished-attempt.ts';
import type { Release } from '../outbox/release.ts';
import { isNotSent } from '../send/attempt.ts';
import { UnlinkedError } from '../send/link.ts';
import { UnreadBodyError, UnsignedError } from '../send/post.ts';
import { AdaptiveConcurrency } from './adaptive-concurrency.ts';
import type { Endpoint, EndpointPlace } from './endpoint/endpoint.ts';

/**
 * The share of all places that one account may hold, so that its hanging receivers cannot starve
 * the others.
 */
const ACCOUNT_SHARE = 0.5;
const MAX_IN_FLIGHT_PER_ACCOUNT = 128;
/** How often to look for requests that have stalled, and for endpoints that may send again. */
const REVIEW_MS = 100;
/** How long this process leaves an account alone whose secret it cannot open. */
const UNSIGNED_REST_MS = 30_000;
/** The same for an account whose pages the database cannot be asked for. */
const UNREAD_REST_MS = 5000;
/** How long a delivery waits whose pages do not show yet. */
const IN_DOUBT_MS = 500;

export interface SendLoopOptions {
  timeoutMs: number;
  /**
   * Sends a delivery once. Throws a NotSentError where it cannot be sent now.
   */
  attempt: (delivery: ClaimedDelivery, claimedAt: number) => Promise<AttemptResult>;
  /** Whether the claim is certain to hold for long enough to begin. */
  holds: (delivery: ClaimedDelivery) => boolean;
  /** An attempt is over, and what its endpoint has learnt from it. */
  finished: (endpoint: Endpoint, delivery: ClaimedDelivery, result: AttemptResult) => void;
  /** The deliveries cannot be sent soon, or not by this process. */
  release: (releases: Release[]) => void;
  /** The body could not be read. */
  unread: (delivery: ClaimedDelivery, error: UnreadBodyError) => void;
  /** The account's secret could not be opened. */
  unsigned: (endpoint: Endpoint, delivery: ClaimedDelivery, error: UnsignedError) => void;
  /** The link to the pages could not be made. */
  unlinked: (delivery: ClaimedDelivery, error: UnlinkedError) => void;
}

/**
 * Sends claimed deliveries as places become free: of its URL, its endpoint, its account and this
 * process.
 */
export class SendLoop {
  readonly #options: SendLoopOptions;
  readonly #concurrency = new AdaptiveConcurrency(
    () => this.#short.size > 0,
    () => this.#pumpShort(),
  );
  /**
   * Endpoints that could send and lack a place of the process or the account, the longest unserved
   * first.
   */
  readonly #short = new Set<Endpoint>();
  /** Endpoints whose deliveries wait for something else. */
  readonly #held = new Set<Endpoint>();
  readonly #underWay = new Set<EndpointPlace>();
  #inFlight = 0;
  #review: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: SendLoopOptions) {
    this.#options = options;
  }

  /** Requests under way, those that people asked for among them. */
  get inFlight(): number {
    return this.#underWay.size;
  }

  start(): void {
    this.#concurrency.start();
    this.#review = setInterval(() => this.#reviewPlaces(), REVIEW_MS);
  }

  /** Begins nothing more. Requests under way continue. */
  stop(): void {
    this.#stopping = true;
    this.#concurrency.stop();
    clearInterval(this.#review);
  }

  /** Sends what the endpoint has waiting and has places for. */
  pump(endpoint: Endpoint): void {
    const now = performance.now();
    for (let place = this.#takeUrgent(endpoint, now); place; place = this.#takeUrgent(endpoint, now))
      void this.#send(place);
    this.#short.delete(endpoint);
    this.#held.delete(endpoint);
    while (!this.#stopping && endpoint.hasWaiting) {
      if (!this.hasPlace(endpoint)) return void this.#short.add(endpoint);
      const place = endpoint.take(now);
      if (!place) return void this.#held.add(endpoint);
      void this.#send(place);
    }
  }

  #takeUrgent(endpoint: Endpoint, now: number): EndpointPlace | null {
    return this.#stopping ? null : endpoint.takeUrgent(now);
  }

  /** Whether the process and the endpoint's account have a place for one more request. */
  hasPlace({ account }: Endpoint): boolean {
    const { limit } = this.#concurrency;
    const ofAccount = Math.min(MAX_IN_FLIGHT_PER_ACCOUNT, limit * ACCOUNT_SHARE);
    return this.#inFlight < limit && account.inFlight < ofAccount;
  }

  /** Gives free places to the endpoints that lack one, in turn. */
  #pumpShort(): void {
    // Each once: an endpoint that still lacks a place goes to the end of the set that this loop
    // reads.
    let left = this.#short.size;
    for (const endpoint of this.#short) {
      if (left-- === 0 || this.#inFlight >= this.#concurrency.limit) return;
      if (this.hasPlace(endpoint)) this.pump(endpoint);
    }
  }

  async #send(place: EndpointPlace): Promise<void> {
    const { endpoint, delivery } = place;
    if (!this.#options.holds(delivery)) {
      // Its lease has ended, or ends too soon: the next claim sends it.
      place[Symbol.dispose]();
      return this.#options.release([{ delivery, deferMs: 0 }]);
    }
    try {
      const result = await this.#attempt(place);
      this.#options.release(giveBack(endpoint.settle(place, result, performance.now())));
      this.#options.finished(endpoint, delivery, result);
    } catch (error) {
      this.#notSent(place, error);
    }
    this.pump(endpoint);
    this.#pumpShort();
  }

  /**
   * Gives back what cannot be sent now, and all deliveries of an account whose secret cannot be
   * opened, or whose pages cannot be read.
   */
  #notSent({ endpoint, delivery }: EndpointPlace, error: unknown): void {
    if (error instanceof AddressBusyError)
      return this.#options.release([{ delivery, deferMs: error.seconds * 1000 }]);
    if (!isNotSent(error)) throw error;
    if (error instanceof UnlinkedError) {
      this.#options.unlinked(delivery, error);
      return this.#options.release([{ delivery, deferMs: error.deferMs }]);
    }
    if (error instanceof UnreadBodyError) {
      this.#options.unread(delivery, error);
      if (!error.ofDatabase) return this.#options.release([{ delivery, deferMs: IN_DOUBT_MS }]);
      return this.#restAccount(endpoint, delivery, UNREAD_REST_MS);
    }
    this.#options.unsigned(endpoint, delivery, error);
    this.#restAccount(endpoint, delivery, UNSIGNED_REST_MS);
  }

  /** Leaves the account alone for `ms`, and gives back what waits at the endpoint. */
  #restAccount(endpoint: Endpoint, delivery: ClaimedDelivery, ms: number): void {
    endpoint.account.restUntil = performance.now() + ms;
    this.#options.release([{ delivery, deferMs: 0 }, ...giveBack(endpoint.takeBack())]);
  }

  async #attempt(place: EndpointPlace): Promise<AttemptResult> {
    using _ = this.#begin(place);
    return await this.#options.attempt(place.delivery, place.claimedAt);
  }

  /** Counts a request until it is over, then gives its place back. */
  #begin(place: EndpointPlace): Disposable {
    const counted = place.urgent ? 0 : 1;
    this.#underWay.add(place);
    this.#inFlight += counted;
    return {
      [Symbol.dispose]: () => {
        this.#underWay.delete(place);
        this.#inFlight -= counted;
        place[Symbol.dispose]();
      },
    };
  }

  #reviewPlaces(): void {
    const now = performance.now();
    const { timeoutMs, release } = this.#options;
    const stalled = new Set<Endpoint>();
    for (const place of this.#underWay) {
      release(giveBack(place.endpoint.stall(place, now, timeoutMs)));
      stalled.add(place.endpoint);
    }
    for (const endpoint of [...this.#held, ...stalled]) this.pump(endpoint);
  }
}

function giveBack(waiting: { delivery: ClaimedDelivery }[]): Release[] {
  return waiting.map(({ delivery }) => ({ delivery, deferMs: 0 }));
}
