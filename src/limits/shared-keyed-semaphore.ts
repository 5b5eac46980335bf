import { hash } from 'node:crypto';
import { createPermit, type Permit } from './permit.ts';

/** Keys are counted by a hash; two that fall on one place share its capacity. */
const PLACES = 4096;
/** How soon a waiter notices that it was given up, or a signal that was missed. */
const POLL_MS = 500;

/**
 * Sections of the memory, each PLACES numbers long: what is held in all, and a counter that moves
 * when something is given back.
 */
const TOTAL = 0;
const SIGNAL = 1;
/** Two sections for each thread: what it holds, and whether somebody waits in it. */
const holdsOf = (thread: number): number => 2 + 2 * thread;
const waitsOf = (thread: number): number => holdsOf(thread) + 1;

interface Waiter {
  /** On the clock of performance.now(). */
  deadline: number;
  signal: AbortSignal;
  capacity: number;
  resolve(taken: boolean): void;
}

/** Memory for a SharedKeyedSemaphore of `threads` threads. */
export function sharedKeyedSemaphoreMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(holdsOf(threads) * PLACES * Int32Array.BYTES_PER_ELEMENT);
}

interface SharedKeyedSemaphoreOptions {
  memory: SharedArrayBuffer;
  /** The index of this thread. */
  thread: number;
  /**
   * What may be held for one key over all threads. Threads may differ, so that some leave a part to
   * others.
   */
  capacity: number;
  /**
   * Keys the hash, so that nobody outside can find two keys that share a place. The same in all
   * threads.
   */
  secret: string;
}

/**
 * A semaphore for each key that the threads of a process share. Within a thread it is first come,
 * first served; a permit that comes free goes to whichever thread takes it first, because the
 * thread that has waited longest may be busy. The last permit of a key is left to a thread that
 * holds none, so that no thread waits for another that is busy. Each thread counts what it holds in
 * a section of its own, so that the main thread can give back what a dead thread held.
 */
export class SharedKeyedSemaphore {
  readonly #memory: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #threads: number;
  readonly #capacity: number;
  readonly #secret: string;
  /** The waiters of this thread by place. There are no empty lists. */
  readonly #waiting = new Map<number, Waiter[]>();

  constructor({ memory, thread, capacity, secret }: SharedKeyedSemaphoreOptions) {
    this.#memory = new Int32Array(memory);
    this.#thread = thread;
    this.#threads = (this.#memory.length / PLACES - holdsOf(0)) / 2;
    this.#capacity = capacity;
    this.#secret = secret;
  }

  /**
   * Waits for one permit of the key. Resolves with null after `timeoutMs`, or when the signal
   * aborts first. `capacity`: of this key, where it has one of its own; the same in every call.
   */
  async acquire(
    key: string,
    timeoutMs: number,
    signal: AbortSignal,
    capacity = this.#capacity,
  ): Promise<Permit | null> {
    const place = this.#placeOf(key);
    const line = this.#waiting.get(place);
    if (line === undefined && this.#tryTake(place, capacity)) return this.#permit(place);
    if (timeoutMs <= 0) return null;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { deadline: performance.now() + timeoutMs, signal, capacity, resolve };
    if (line) line.push(waiter);
    else void this.#serve(place, [waiter]);
    return (await promise) ? this.#permit(place) : null;
  }

  #permit(place: number): Permit {
    return createPermit(1, () => {
      Atomics.sub(this.#memory, at(holdsOf(this.#thread), place), 1);
      Atomics.sub(this.#memory, at(TOTAL, place), 1);
      wake(this.#memory, place);
    });
  }

  /** Admits the waiters of a place one by one, until none is left. */
  async #serve(place: number, line: Waiter[]): Promise<void> {
    const signalAt = at(SIGNAL, place);
    this.#waiting.set(place, line);
    Atomics.store(this.#memory, at(waitsOf(this.#thread), place), 1);
    for (;;) {
      const seen = Atomics.load(this.#memory, signalAt);
      dismiss(line, ({ signal }) => signal.aborted);
      while (line.length > 0 && this.#tryTake(place, line[0]!.capacity)) line.shift()!.resolve(true);
      dismiss(line, ({ deadline }) => deadline <= performance.now());
      if (line.length === 0) break;
      const left = Math.min(...line.map((waiter) => waiter.deadline)) - performance.now();
      await Atomics.waitAsync(this.#memory, signalAt, seen, Math.max(0, Math.min(left, POLL_MS))).value;
    }
    this.#waiting.delete(place);
    Atomics.store(this.#memory, at(waitsOf(this.#thread), place), 0);
  }

  #tryTake(place: number, capacity: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#memory, at(TOTAL, place));
      if (taken >= capacity || (taken === capacity - 1 && this.#leavesLast(place))) return false;
      if (Atomics.compareExchange(this.#memory, at(TOTAL, place), taken, taken + 1) !== taken) continue;
      Atomics.add(this.#memory, at(holdsOf(this.#thread), place), 1);
      return true;
    }
  }

  /** Whether this thread holds a permit, and another waits that holds none. */
  #leavesLast(place: number): boolean {
    const read = (section: number): number => Atomics.load(this.#memory, at(section, place));
    if (read(holdsOf(this.#thread)) === 0) return false;
    for (let i = 0; i < this.#threads; i++) if (read(waitsOf(i)) > 0 && read(holdsOf(i)) === 0) return true;
    return false;
  }

  #placeOf(key: string): number {
    return parseInt(hash('sha256', `${this.#secret} ${key}`).slice(0, 8), 16) % PLACES;
  }

  /** Gives back what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    for (let place = 0; place < PLACES; place++) {
      Atomics.store(numbers, at(waitsOf(thread), place), 0);
      const held = Atomics.exchange(numbers, at(holdsOf(thread), place), 0);
      if (held === 0) continue;
      Atomics.sub(numbers, at(TOTAL, place), held);
      wake(numbers, place);
    }
  }
}

function at(section: number, place: number): number {
  return section * PLACES + place;
}

/** Wakes every thread in which somebody waits for the place. */
function wake(memory: Int32Array<SharedArrayBuffer>, place: number): void {
  Atomics.add(memory, at(SIGNAL, place), 1);
  Atomics.notify(memory, at(SIGNAL, place));
}

function dismiss(line: Waiter[], isOver: (waiter: Waiter) => boolean): void {
  for (let i = line.length; i-- > 0;) if (isOver(line[i]!)) line.splice(i, 1)[0]!.resolve(false);
}
