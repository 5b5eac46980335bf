import { createPermit, type Permit } from './permit.ts';

/** How soon a waiter notices that it was given up, or a signal that was missed. */
const POLL_MS = 500;

/**
 * The numbers in the memory: a counter that moves when a waiter should look again, the total held,
 * and the last ticket. Then two of each thread: what it holds, and the ticket of its first waiter;
 * 0: nobody waits.
 */
const SIGNAL = 0;
const TOTAL = 1;
const TICKETS = 2;
const heldBy = (thread: number): number => 3 + 2 * thread;
const waitingIn = (thread: number): number => heldBy(thread) + 1;

interface Request {
  amount: number;
  /** Rises with each request, and begins again below zero after two thousand million of them. */
  ticket: number;
}

/** Memory for a SharedSemaphore of `threads` threads. */
export function sharedSemaphoreMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(heldBy(threads) * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * A capacity that the threads of a process share, served in the order in which it is asked for:
 * each request has a ticket, and leaves what is free to those of other threads that wait with
 * earlier ones. A thread that gives back and asks again would otherwise always come first. Each
 * thread counts what it holds in a number of its own, so that the main thread can give back what a
 * dead thread held.
 */
export class SharedSemaphore {
  readonly #numbers: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #capacity: number;
  #line: Promise<unknown> = Promise.resolve();

  constructor(memory: SharedArrayBuffer, thread: number, capacity: number) {
    this.#numbers = new Int32Array(memory);
    this.#thread = thread;
    this.#capacity = capacity;
  }

  /**
   * Waits for an amount, at most the whole capacity. Resolves with null when the signal aborts
   * first.
   */
  async acquire(amount = 1, signal?: AbortSignal): Promise<Permit | null> {
    const request = {
      amount: Math.min(amount, this.#capacity),
      ticket: (Atomics.add(this.#numbers, TICKETS, 1) + 1) | 0,
    };
    const mine = this.#line.then(async () => await this.#wait(request, signal));
    this.#line = mine;
    return await mine;
  }

  async #wait(request: Request, signal: AbortSignal | undefined): Promise<Permit | null> {
    try {
      for (;;) {
        if (signal?.aborted === true) return null;
        const seen = Atomics.load(this.#numbers, SIGNAL);
        if (this.#tryTake(request)) return this.#permit(request);
        Atomics.store(this.#numbers, waitingIn(this.#thread), request.ticket);
        await Atomics.waitAsync(this.#numbers, SIGNAL, seen, POLL_MS).value;
      }
    } finally {
      // Other threads have left it the first place.
      if (Atomics.exchange(this.#numbers, waitingIn(this.#thread), 0) !== 0) wake(this.#numbers);
    }
  }

  #permit({ amount }: Request): Permit {
    return createPermit(amount, (returned) => {
      Atomics.sub(this.#numbers, heldBy(this.#thread), returned);
      giveBack(this.#numbers, returned);
    });
  }

  #tryTake({ amount, ticket }: Request): boolean {
    for (;;) {
      const taken = Atomics.load(this.#numbers, TOTAL);
      if (taken + amount > this.#capacity || this.#isBehind(ticket)) return false;
      if (Atomics.compareExchange(this.#numbers, TOTAL, taken, taken + amount) !== taken) continue;
      Atomics.add(this.#numbers, heldBy(this.#thread), amount);
      return true;
    }
  }

  /** Whether another thread waits with an earlier ticket. */
  #isBehind(ticket: number): boolean {
    for (let thread = 0; heldBy(thread) < this.#numbers.length; thread++) {
      const first = Atomics.load(this.#numbers, waitingIn(thread));
      if (thread !== this.#thread && first !== 0 && ((first - ticket) | 0) < 0) return true;
    }
    return false;
  }

  /** Gives back what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    Atomics.store(numbers, waitingIn(thread), 0);
    giveBack(numbers, Atomics.exchange(numbers, heldBy(thread), 0));
  }
}

function giveBack(numbers: Int32Array<SharedArrayBuffer>, amount: number): void {
  Atomics.sub(numbers, TOTAL, amount);
  wake(numbers);
}

/** Lets all waiters look again. */
function wake(numbers: Int32Array<SharedArrayBuffer>): void {
  Atomics.add(numbers, SIGNAL, 1);
  Atomics.notify(numbers, SIGNAL);
}
