import type { Destination, DirectDispatch, Room } from '../direct/reservation.ts';
import type { Endpoint } from './endpoint/endpoint.ts';
import type { WaitingDelivery } from './endpoint/webhook-url.ts';
import type { EndpointScheduler } from './endpoint-scheduler.ts';
import { LEASE_MS } from './leases.ts';

export interface RoomsOptions {
  scheduler: EndpointScheduler;
  /** Whether this process takes more deliveries, and has seen what waits. */
  accepts: () => boolean;
  /** Whether the process and the account have a place for one more request. */
  hasPlace: (endpoint: Endpoint) => boolean;
  /** A delivery was handed over, whose lease counts from `asked` on performance.now's clock. */
  handedOver: (endpoint: Endpoint, waiting: WaitingDelivery, asked: number) => void;
}

/** Gives room for deliveries that are born leased, where a claim would take them at once. */
export class Rooms implements DirectDispatch {
  readonly #options: RoomsOptions;
  #open = 0;

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Rooms that were given and are neither used nor given back. */
  get open(): number {
    return this.#open;
  }

  room(to: Destination): Room | null {
    const { scheduler, accepts, hasPlace, handedOver } = this.#options;
    if (!accepts()) return null;
    const asked = performance.now();
    const endpoint = scheduler.quiet(to, asked);
    if (!endpoint || !(to.urgent || hasPlace(endpoint))) return null;
    const kept = endpoint.reserve(to, asked);
    if (!kept) return null;
    this.#open++;
    const giveBack = () => {
      kept[Symbol.dispose]();
      this.#open--;
    };
    return {
      leaseMs: LEASE_MS,
      giveBack,
      handOver: (delivery, ageMs) => {
        giveBack();
        handedOver(endpoint, { delivery, claimedAt: performance.now() - ageMs }, asked);
      },
    };
  }
}
