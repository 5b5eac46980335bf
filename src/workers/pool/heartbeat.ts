const BEAT_MS = 1000;

/** Shows the main thread that a worker thread's event loop turns, in memory that both share. */
export class Heartbeat {
  readonly memory: SharedArrayBuffer;
  readonly #beats: Int32Array<SharedArrayBuffer>;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#beats = new Int32Array(memory);
  }

  /** Beats once a second, until the timer is cleared. */
  start(): NodeJS.Timeout {
    return setInterval(() => void Atomics.add(this.#beats, 0, 1), BEAT_MS);
  }

  get beats(): number {
    return Atomics.load(this.#beats, 0);
  }
}
