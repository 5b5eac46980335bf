import type { Lane } from '../../database/queue.ts';

/** Hosts are counted by a hash of their name; two that share a place share its cap, which only makes us more polite. */
const PLACES = 4096;
/** Behind the signals a backstop, and how soon a wait notices that it has been given up. */
const LOOK_MS = 500;

/** One section of memory for each, PLACES numbers long. */
const TOTAL = 0;
/** For each lane, numbers that change when somebody there may find a place free. */
const SIGNAL: Record<Lane, number> = { interactive: 1, bulk: 2 };
/** Two for each thread: the places it holds, and whether somebody waits in it. */
const holdsOf = (thread: number): number => 3 + 2 * thread;
const waitsOf = (thread: number): number => holdsOf(thread) + 1;

interface Waiter {
  /** On the clock of performance.now(). */
  deadline: number;
  givenUp: AbortSignal;
  resolve(taken: boolean): void;
}

/** The memory that the threads of a process share. */
export function hostGateMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(holdsOf(threads) * PLACES * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Caps the fetches under way to one host over all threads of the process. Within a thread it is first come first served; a place that
 * comes free is for whichever thread is free to take it: were it kept for the one that has waited longest, it would stand empty
 * while that thread reads a page. The last place is left to a thread that has none, so that one that reads a long page with the
 * answers to its other requests unread does not hold up all. Every thread also counts in a section of its own, so that what one held that was killed can be
 * given back. The bulk lane leaves one place to the interactive lane, so that a batch never stands before a single page on the same host.
 */
export class HostGate {
  readonly #memory: Int32Array<SharedArrayBuffer>;
  readonly #thread: number;
  readonly #threads: number;
  readonly #signal: number;
  readonly #cap: number;
  /** Those who wait in this thread, by place; nobody's list is kept. */
  readonly #waiting = new Map<number, Waiter[]>();

  constructor(memory: SharedArrayBuffer, lane: Lane, thread: number, cap: number) {
    this.#memory = new Int32Array(memory);
    this.#thread = thread;
    this.#threads = (this.#memory.length / PLACES - holdsOf(0)) / 2;
    this.#signal = SIGNAL[lane];
    this.#cap = lane === 'bulk' ? Math.max(1, cap - 1) : cap;
  }

  /** Takes a place for the host, waiting up to `ms`. False when none came free or it was given up; otherwise `release` must follow. */
  async acquire(host: string, ms: number, givenUp: AbortSignal): Promise<boolean> {
    const place = placeOf(host);
    const line = this.#waiting.get(place);
    if (line === undefined && this.#tryTake(place)) return true;
    if (ms <= 0) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { deadline: performance.now() + ms, givenUp, resolve };
    if (line) line.push(waiter);
    else void this.#serve(place, [waiter]);
    return await promise;
  }

  /** Gives places to those who wait in line, until nobody does. */
  async #serve(place: number, line: Waiter[]): Promise<void> {
    const signalAt = at(this.#signal, place);
    this.#waiting.set(place, line);
    Atomics.store(this.#memory, at(waitsOf(this.#thread), place), 1);
    for (;;) {
      const seen = Atomics.load(this.#memory, signalAt);
      refuse(line, ({ givenUp }) => givenUp.aborted);
      while (line.length > 0 && this.#tryTake(place)) line.shift()!.resolve(true);
      refuse(line, ({ deadline }) => deadline <= performance.now());
      if (line.length === 0) break;
      const left = Math.min(...line.map((waiter) => waiter.deadline)) - performance.now();
      await Atomics.waitAsync(this.#memory, signalAt, seen, Math.max(0, Math.min(left, LOOK_MS))).value;
    }
    this.#waiting.delete(place);
    Atomics.store(this.#memory, at(waitsOf(this.#thread), place), 0);
  }

  release(host: string): void {
    const place = placeOf(host);
    Atomics.sub(this.#memory, at(holdsOf(this.#thread), place), 1);
    Atomics.sub(this.#memory, at(TOTAL, place), 1);
    signal(this.#memory, place);
  }

  #tryTake(place: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#memory, at(TOTAL, place));
      if (taken >= this.#cap || (taken === this.#cap - 1 && this.#leavesLast(place))) return false;
      if (Atomics.compareExchange(this.#memory, at(TOTAL, place), taken, taken + 1) !== taken) continue;
      Atomics.add(this.#memory, at(holdsOf(this.#thread), place), 1);
      return true;
    }
  }

  /** Whether this thread has a place, and another waits that has none. */
  #leavesLast(place: number): boolean {
    const read = (section: number): number => Atomics.load(this.#memory, at(section, place));
    if (read(holdsOf(this.#thread)) === 0) return false;
    for (let i = 0; i < this.#threads; i++) if (read(waitsOf(i)) > 0 && read(holdsOf(i)) === 0) return true;
    return false;
  }

  /** Gives back what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    for (let place = 0; place < PLACES; place++) {
      Atomics.store(numbers, at(waitsOf(thread), place), 0);
      const held = Atomics.exchange(numbers, at(holdsOf(thread), place), 0);
      if (held === 0) continue;
      Atomics.sub(numbers, at(TOTAL, place), held);
      signal(numbers, place);
    }
  }
}

function at(section: number, place: number): number {
  return section * PLACES + place;
}

/** Wakes every thread in which somebody waits. */
function signal(memory: Int32Array<SharedArrayBuffer>, place: number): void {
  for (const section of Object.values(SIGNAL)) {
    Atomics.add(memory, at(section, place), 1);
    Atomics.notify(memory, at(section, place));
  }
}

function refuse(line: Waiter[], isOver: (waiter: Waiter) => boolean): void {
  for (let i = line.length; i-- > 0;) if (isOver(line[i]!)) line.splice(i, 1)[0]!.resolve(false);
}

/** FNV-1a. */
function placeOf(host: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = Math.imul(hash ^ host.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % PLACES;
}
