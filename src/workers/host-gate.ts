import { createHash } from 'node:crypto';

/** Hosts are counted by a hash of their name; two that share a place share its cap, which only makes us more polite. */
const PLACES = 4096;

/** The memory that the threads of a process share: one section of counters a thread. */
export function hostGateMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * PLACES * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Caps the fetches under way to one host over all threads of the process. Every thread counts in a section of its own, so that
 * the counts of one that was killed can be cleared.
 */
export class HostGate {
  readonly #counters: Int32Array;
  readonly #thread: number;
  readonly #threads: number;
  readonly #cap: number;
  readonly #waiting = new Map<number, (() => void)[]>();

  constructor(memory: SharedArrayBuffer, thread: number, cap: number) {
    this.#counters = new Int32Array(memory);
    this.#threads = this.#counters.length / PLACES;
    this.#thread = thread;
    this.#cap = cap;
  }

  /** Takes a place for the host, waiting up to `ms`. False when none came free; otherwise `release` must follow. */
  async acquire(host: string, ms: number): Promise<boolean> {
    const place = placeOf(host);
    const deadline = performance.now() + ms;
    while (!this.#tryTake(place)) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await this.#wait(place, Math.min(left, 20));
    }
    return true;
  }

  release(host: string): void {
    const place = placeOf(host);
    Atomics.sub(this.#counters, this.#thread * PLACES + place, 1);
    this.#waiting.get(place)?.shift()?.();
  }

  /** Two threads may both find the last place free; the one that then counts too many gives it back. */
  #tryTake(place: number): boolean {
    const own = this.#thread * PLACES + place;
    Atomics.add(this.#counters, own, 1);
    let taken = 0;
    for (let t = 0; t < this.#threads; t++) taken += Atomics.load(this.#counters, t * PLACES + place);
    if (taken <= this.#cap) return true;
    Atomics.sub(this.#counters, own, 1);
    return false;
  }

  /** Until a place of this thread is released, or `ms` later: another thread's release is not announced. */
  async #wait(place: number, ms: number): Promise<void> {
    const waiting = this.#waiting.get(place) ?? [];
    this.#waiting.set(place, waiting);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      waiting.push(done);
      function done() {
        clearTimeout(timer);
        resolve();
      }
    });
  }

  /** Forgets what a dead thread held. */
  static clear(memory: SharedArrayBuffer, thread: number): void {
    new Int32Array(memory).fill(0, thread * PLACES, (thread + 1) * PLACES);
  }
}

function placeOf(host: string): number {
  return createHash('md5').update(host).digest().readUInt16LE(0) % PLACES;
}
