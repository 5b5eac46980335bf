import type { ClaimedDelivery } from '../../outbox/claim.ts';
import { RETRY_LANE } from '../../outbox/lanes.ts';
import type { AccountLoad } from './account-load.ts';
import type { EndpointConcurrency } from './endpoint-concurrency.ts';

import type { WebhookUrl } from './webhook-url.ts';

/** Places kept for URLs that answer, however many requests to others are under way. */
const RESERVED_FOR_PROVEN = 2;

/** A request that begins. Times are on performance.now's clock. */
export interface Start {
  url: WebhookUrl;
  delivery: ClaimedDelivery;
  claimedAt: number;
  startedAt: number;
}

/** A request under way. Disposing of it gives its place back. */
export interface Place extends Start, Disposable {
  /** Asked for by a person: it takes none of the places that others wait for. */
  readonly urgent: boolean;
  /** Whether it took the endpoint's last place. */
  readonly crowded: boolean;
}

interface CountedPlace extends Place {
  readonly proven: boolean;
  readonly failing: boolean;
  stalled: boolean;
}

/**
 * The requests under way to one endpoint: as many as its limit, stalled ones not counted, and at
 * most its maximum in all. URLs that fail hold no more than half of the limit.
 */
export class EndpointPlaces {
  readonly #concurrency: EndpointConcurrency;
  readonly #account: AccountLoad;
  #inFlight = 0;
  #stalled = 0;
  #urgent = 0;
  /** Requests to URLs that had not answered with a 2xx when these began. */
  #unproven = 0;
  /** Requests to failing URLs, and retries, that have not stalled. */
  #failing = 0;
  #retrying = 0;

  constructor(concurrency: EndpointConcurrency, account: AccountLoad) {
    this.#concurrency = concurrency;
    this.#account = account;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The requests in flight that have not stalled. */
  get active(): number {
    return this.#inFlight - this.#stalled;
  }

  get retrying(): number {
    return this.#retrying;
  }

  get idle(): boolean {
    return this.#inFlight + this.#urgent === 0;
  }

  /** Whether `more` further requests may begin. */
  hasRoomFor(more: number): boolean {
    return this.active + more <= this.#concurrency.limit && this.#inFlight + more <= this.#concurrency.max;
  }

  /** Whether stalled requests take so many places that nothing more can begin. */
  get full(): boolean {
    return this.#stalled > 0 && this.#inFlight >= this.#concurrency.max;
  }

  /** Whether the places that are left are kept for URLs that answer. */
  get unprovenFull(): boolean {
    return this.#stalled > 0 && this.#unproven >= Math.max(1, this.#concurrency.max - RESERVED_FOR_PROVEN);
  }

  get failingFull(): boolean {
    return this.#failing >= Math.max(1, this.#concurrency.limit >> 1);
  }

  /** Whether the places that are left are kept for other URLs. */
  isShut(url: WebhookUrl): boolean {
    return !url.proven && this.unprovenFull;
  }

  begin<S extends Start>(start: S): S & Place {
    const { proven, failing } = start.url;
    const crowded = this.active + 1 >= this.#concurrency.limit;
    const place: S & CountedPlace = {
      ...start,
      urgent: false,
      crowded,
      proven,
      failing,
      stalled: false,
      [Symbol.dispose]: () => this.#count(place, -1),
    };
    this.#count(place, 1);
    return place;
  }

  /** A place of its own for a request that a person asked for. */
  beginUrgent<S extends Start>(start: S): S & Place {
    this.#urgent++;
    this.#account.urgentInFlight++;
    return {
      ...start,
      urgent: true,
      crowded: false,
      [Symbol.dispose]: () => {
        this.#urgent--;
        this.#account.urgentInFlight--;
      },
    };
  }

  /**
   * Passes a place on: its request continues, and no longer counts as active. Returns false if it
   * had stalled before.
   */
  stall(place: Place): boolean {
    if (!isCounted(place) || place.stalled) return false;
    this.#count(place, -1);
    place.stalled = true;
    this.#count(place, 1);
    return true;
  }

  #count(place: CountedPlace, change: 1 | -1): void {
    this.#inFlight += change;
    this.#account.inFlight += change;
    place.url.inFlight += change;
    if (!place.proven) this.#unproven += change;
    if (place.stalled) {
      this.#stalled += change;
      place.url.stalled += change;
      return;
    }
    if (place.failing) this.#failing += change;
    if (place.delivery.lane === RETRY_LANE) this.#retrying += change;
  }
}

function isCounted(place: Place): place is CountedPlace {
  return !place.urgent;
}
