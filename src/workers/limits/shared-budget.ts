/** Behind the signal a backstop, and how soon a wait notices that it has been given up. */
const LOOK_MS = 500;

/** Numbers of the memory: one that changes whenever something comes free, what is taken in all, and by each thread. */
const SIGNAL = 0;
const TOTAL = 1;
const takenBy = (thread: number): number => 2 + thread;

/** The memory that the threads of a process share. */
export function budgetMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(takenBy(threads) * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * An amount of something that the threads of a process share: places, or bytes. Within a thread it is first come first served. Every
 * thread also counts what it has in a number of its own, so that what one had that was killed can be given back.
 */
export class SharedBudget {
  readonly #numbers: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #capacity: number;
  #line: Promise<unknown> = Promise.resolve();

  constructor(memory: SharedArrayBuffer, thread: number, capacity: number) {
    this.#numbers = new Int32Array(memory);
    this.#thread = thread;
    this.#capacity = capacity;
  }

  /** Waits for an amount, at most the whole. Resolves with what was taken, to be given to `release`: zero when it was given up first. */
  async take(amount: number, givenUp?: AbortSignal): Promise<number> {
    const mine = this.#line.then(async () => await this.#wait(Math.min(amount, this.#capacity), givenUp));
    this.#line = mine;
    return await mine;
  }

  release(amount: number): void {
    if (amount === 0) return;
    Atomics.sub(this.#numbers, takenBy(this.#thread), amount);
    giveBack(this.#numbers, amount);
  }

  async #wait(amount: number, givenUp: AbortSignal | undefined): Promise<number> {
    for (;;) {
      if (givenUp?.aborted === true) return 0;
      const seen = Atomics.load(this.#numbers, SIGNAL);
      if (this.#tryTake(amount)) return amount;
      await Atomics.waitAsync(this.#numbers, SIGNAL, seen, LOOK_MS).value;
    }
  }

  #tryTake(amount: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#numbers, TOTAL);
      if (taken + amount > this.#capacity) return false;
      if (Atomics.compareExchange(this.#numbers, TOTAL, taken, taken + amount) !== taken) continue;
      Atomics.add(this.#numbers, takenBy(this.#thread), amount);
      return true;
    }
  }

  /** Gives back what a dead thread had. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    giveBack(numbers, Atomics.exchange(numbers, takenBy(thread), 0));
  }
}

function giveBack(numbers: Int32Array<SharedArrayBuffer>, amount: number): void {
  Atomics.sub(numbers, TOTAL, amount);
  Atomics.add(numbers, SIGNAL, 1);
  Atomics.notify(numbers, SIGNAL);
}
