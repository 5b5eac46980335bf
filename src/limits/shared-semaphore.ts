import { createPermit, type Permit } from './permit.ts';

/** How soon a waiter notices that it was given up, or a signal that was missed. */
const POLL_MS = 500;

/**
 * The numbers in the memory: a counter that moves when something is given back, the total held, and
 * each thread's part.
 */
const SIGNAL = 0;
const TOTAL = 1;
const heldBy = (thread: number): number => 2 + thread;

/** Memory for a SharedSemaphore of `threads` threads. */
export function sharedSemaphoreMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(heldBy(threads) * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * A capacity that the threads of a process share. Within a thread it is served in the order in
 * which it is asked for. Each thread counts what it holds in a number of its own, so that the main
 * thread can give back what a dead thread held.
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
    const mine = this.#line.then(async () => await this.#wait(Math.min(amount, this.#capacity), signal));
    this.#line = mine;
    return await mine;
  }

  async #wait(amount: number, signal: AbortSignal | undefined): Promise<Permit | null> {
    for (;;) {
      if (signal?.aborted === true) return null;
      const seen = Atomics.load(this.#numbers, SIGNAL);
      if (this.#tryTake(amount)) return createPermit(amount, (returned) => this.#release(returned));
      await Atomics.waitAsync(this.#numbers, SIGNAL, seen, POLL_MS).value;
    }
  }

  #tryTake(amount: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#numbers, TOTAL);
      if (taken + amount > this.#capacity) return false;
      if (Atomics.compareExchange(this.#numbers, TOTAL, taken, taken + amount) !== taken) continue;
      Atomics.add(this.#numbers, heldBy(this.#thread), amount);
      return true;
    }
  }

  #release(amount: number): void {
    Atomics.sub(this.#numbers, heldBy(this.#thread), amount);
    giveBack(this.#numbers, amount);
  }

  /** Gives back what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    giveBack(numbers, Atomics.exchange(numbers, heldBy(thread), 0));
  }
}

function giveBack(numbers: Int32Array<SharedArrayBuffer>, amount: number): void {
  Atomics.sub(numbers, TOTAL, amount);
  Atomics.add(numbers, SIGNAL, 1);
  Atomics.notify(numbers, SIGNAL);
}
