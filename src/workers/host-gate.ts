import type { Lane } from '../queue.ts';

/** Hosts are counted by a hash of their name; two that share a place share its cap, which only makes us more polite. */
const PLACES = 4096;
/** Behind the signals a backstop, and how soon a wait notices that it has been given up. */
const LOOK_MS = 500;

/** One section of memory for each, PLACES numbers long. */
const TOTAL = 0;
/** For each lane, numbers that change when somebody there may find a place free. */
const SIGNAL: Record<Lane, number> = { express: 1, bulk: 2 };
const FIRST_THREAD = 3;

/** The memory that the threads of a process share. */
export function hostGateMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer((FIRST_THREAD + threads) * PLACES * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Caps the fetches under way to one host over all threads of the process, first come first served. Every thread also counts in a
 * section of its own, so that what one held that was killed can be given back. The bulk lane leaves one place to the express
 * lane, so that a batch never stands before a single page on the same host.
 */
export class HostGate {
  readonly #memory: Int32Array<SharedArrayBuffer>;
  readonly #own: number;
  readonly #signal: number;
  readonly #cap: number;

  constructor(memory: SharedArrayBuffer, lane: Lane, thread: number, cap: number) {
    this.#memory = new Int32Array(memory);
    this.#own = FIRST_THREAD + thread;
    this.#signal = SIGNAL[lane];
    this.#cap = lane === 'bulk' ? Math.max(1, cap - 1) : cap;
  }

  /** Takes a place for the host, waiting up to `ms`. False when none came free or it was given up; otherwise `release` must follow. */
  async acquire(host: string, ms: number, givenUp: AbortSignal): Promise<boolean> {
    const place = placeOf(host);
    const signalAt = at(this.#signal, place);
    const deadline = performance.now() + ms;
    for (;;) {
      const seen = Atomics.load(this.#memory, signalAt);
      if (this.#tryTake(place)) return true;
      const left = deadline - performance.now();
      if (left <= 0 || givenUp.aborted) return false;
      await Atomics.waitAsync(this.#memory, signalAt, seen, Math.min(left, LOOK_MS)).value;
    }
  }

  release(host: string): void {
    const place = placeOf(host);
    Atomics.sub(this.#memory, at(this.#own, place), 1);
    Atomics.sub(this.#memory, at(TOTAL, place), 1);
    signal(this.#memory, place, 1);
  }

  #tryTake(place: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#memory, at(TOTAL, place));
      if (taken >= this.#cap) return false;
      if (Atomics.compareExchange(this.#memory, at(TOTAL, place), taken, taken + 1) !== taken) continue;
      Atomics.add(this.#memory, at(this.#own, place), 1);
      return true;
    }
  }

  /** Gives back what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    const numbers = new Int32Array(memory);
    for (let place = 0; place < PLACES; place++) {
      const held = Atomics.exchange(numbers, at(FIRST_THREAD + thread, place), 0);
      if (held === 0) continue;
      Atomics.sub(numbers, at(TOTAL, place), held);
      signal(numbers, place, held);
    }
  }
}

function at(section: number, place: number): number {
  return section * PLACES + place;
}

/** Wakes the first `count` who wait in each lane. */
function signal(memory: Int32Array<SharedArrayBuffer>, place: number, count: number): void {
  for (const section of Object.values(SIGNAL)) {
    Atomics.add(memory, at(section, place), 1);
    Atomics.notify(memory, at(section, place), count);
  }
}

/** FNV-1a. */
function placeOf(host: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < host.length; i++) hash = Math.imul(hash ^ host.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % PLACES;
}
