import type { MessagePort } from 'node:worker_threads';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { Destination, DirectDispatch, Room } from './reservation.ts';

type FromThread =
  | { type: 'reserve'; id: number; to: Destination }
  | { type: 'hand_over'; id: number; delivery: ClaimedDelivery; ageMs: number }
  | { type: 'give_back'; id: number };

/** `leaseMs`: null where there is no room. */
interface ToThread {
  id: number;
  leaseMs: number | null;
}

/** Serves a worker thread's reservations through the port, until the thread ends. */
export function serveDispatch(port: MessagePort, dispatch: DirectDispatch): void {
  const rooms = new Map<number, Room>();

  const reserve = async (id: number, to: Destination) => {
    const room = await dispatch.room(to);
    if (room) rooms.set(id, room);
    const answer: ToThread = { id, leaseMs: room?.leaseMs ?? null };
    port.postMessage(answer);
  };

  port.on('message', (message: FromThread) => {
    const room = rooms.get(message.id);
    rooms.delete(message.id);
    if (message.type === 'reserve') void reserve(message.id, message.to);
    else if (message.type === 'hand_over') room?.handOver(message.delivery, message.ageMs);
    else room?.giveBack();
  });
  port.on('close', () => {
    for (const room of rooms.values()) room.giveBack();
  });
}

/** The main thread's dispatcher, as a worker thread reaches it. */
export class DispatchClient implements DirectDispatch {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (leaseMs: number | null) => void>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ id, leaseMs }: ToThread) => this.#waiting.get(id)?.(leaseMs));
    port.on('close', () => this.#waiting.forEach((answer) => answer(null)));
    port.unref();
  }

  async room(to: Destination): Promise<Room | null> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#waiting.set(id, resolve);
    this.#send({ type: 'reserve', id, to });
    const leaseMs = await promise;
    this.#waiting.delete(id);
    if (leaseMs === null) return null;
    return {
      leaseMs,
      handOver: (delivery, ageMs) => this.#send({ type: 'hand_over', id, delivery, ageMs }),
      giveBack: () => this.#send({ type: 'give_back', id }),
    };
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message);
  }
}
