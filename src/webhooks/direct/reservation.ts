import { crashPoint } from '../../crash-point.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';

/** Where a delivery is to go. `urgent`: a person asked for it. */
export interface Destination {
  account_id: string;
  webhook_url: string;
  urgent: boolean;
}

/** Room of a dispatcher for one delivery to send at once. Ends with one of the two calls. */
export interface Room {
  /** How long the delivery may be leased, counted from when the room was given. */
  readonly leaseMs: number;
  /** The delivery is committed; its first attempt was begun `ageMs` milliseconds ago. */
  handOver(delivery: ClaimedDelivery, ageMs: number): void;
  giveBack(): void;
}

/** The dispatcher of this process, as callers that append deliveries see it. */
export interface DirectDispatch {
  /**
   * Room for one delivery, or null where a claim would not take it at once: its endpoint is full or
   * backs off, or something older waits. Ask before the transaction that appends the delivery.
   */
  room(to: Destination): Promise<Room | null> | Room | null;
}

/**
 * Room for one delivery that is born leased: appended with its lease and its first attempt begun,
 * and handed to the dispatcher of the same process after the commit. Disposing of it gives the room
 * back if nothing was handed over. Whatever dies in between, the lease ends and the delivery is
 * claimed.
 */
export class Reservation implements Disposable {
  readonly #room: Room;
  #born: { delivery: ClaimedDelivery; begunAt: number } | null = null;
  #over = false;

  private constructor(room: Room) {
    this.#room = room;
  }

  /** Reserves room where there is a dispatcher in this process, and where it has some. */
  static async make(dispatch: DirectDispatch | null, to: Destination): Promise<Reservation | null> {
    const room = await dispatch?.room(to);
    return room ? new Reservation(room) : null;
  }

  get leaseMs(): number {
    return this.#room.leaseMs;
  }

  /** Takes the delivery that a transaction has appended but not yet committed. */
  fill(delivery: ClaimedDelivery): void {
    this.#born = { delivery, begunAt: performance.now() };
    crashPoint('delivery.begin');
  }

  /** Hands over what was appended, if anything. Call it when the transaction has committed. */
  handOver(): void {
    if (this.#born === null) return;
    crashPoint('delivery.begun');
    this.#over = true;
    this.#room.handOver(this.#born.delivery, performance.now() - this.#born.begunAt);
  }

  [Symbol.dispose](): void {
    if (!this.#over) this.#room.giveBack();
    this.#over = true;
  }
}
