/**
 * Shows a reader's guard whether a page is being read, in memory that both threads share. Odd while
 * one is.
 */
export class Activity {
  readonly memory: SharedArrayBuffer;
  readonly #turn: Int32Array<SharedArrayBuffer>;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#turn = new Int32Array(memory);
  }

  begin(): void {
    this.#move();
  }

  end(): void {
    this.#move();
  }

  #move(): void {
    Atomics.add(this.#turn, 0, 1);
    Atomics.notify(this.#turn, 0);
  }

  /** Advances at each beginning and each end. */
  get turn(): number {
    return Atomics.load(this.#turn, 0);
  }

  get busy(): boolean {
    return this.turn % 2 === 1;
  }

  /** Blocks the calling thread until the turn advances, at most `ms`. */
  waitForChange(turn: number, ms: number): void {
    Atomics.wait(this.#turn, 0, turn, ms);
  }
}
