/** Pages that need no browser count as under way for so long after the last one was begun. */
const LATELY_NS = 250_000_000n;

/** Memory for a PlainPages. */
export function plainPagesMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
}

/** Whether the threads of a process have pages that need no browser. */
export class PlainPages {
  /** When one was last begun, on process.hrtime's clock, which all threads share. */
  readonly #begunAt: BigInt64Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#begunAt = new BigInt64Array(memory);
  }

  /** Notes that one begins. */
  begin(): void {
    Atomics.store(this.#begunAt, 0, process.hrtime.bigint());
  }

  /** Whether some are under way. */
  get underWay(): boolean {
    const at = Atomics.load(this.#begunAt, 0);
    return at > 0n && process.hrtime.bigint() - at < LATELY_NS;
  }
}
