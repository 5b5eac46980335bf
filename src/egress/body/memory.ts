/** A body of at most so many bytes may be in memory without room having been made for it. */
export const SMALL_BODY_BYTES = 256 * 1024;
/** No body that is kept is larger, but for what a request asks for. */
export const LARGEST_PAGE_BYTES = 10 * 1024 * 1024;
/** The room of a body that does not name its length, so that it does not hold what it may never fill. */
export const ROOM_STEPS: readonly number[] = [1024 * 1024, 4 * 1024 * 1024, LARGEST_PAGE_BYTES];

/** Who sees to it that large bodies do not fill the memory together. */
export interface BodyMemory {
  /** Resolves when there is room for a body of so many bytes. */
  need(bytes: number): Promise<void>;
  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void;
}

interface BodyOptions {
  maxBytes: number;
  memory?: BodyMemory | undefined;
  /** The length that the body is said to have. */
  namedBytes?: number;
}

/**
 * Up to here the bytes for a body are doubled when they are full. A body that is longer gets all that it may fill at once: what is not
 * filled takes no memory, while doubling would hold the body twice.
 */
const DOUBLED_BYTES = 4 * 1024 * 1024;

/**
 * Gathers a body by copying, so that a million one-byte chunks take no more memory than one chunk of a million bytes. What passes
 * SMALL_BODY_BYTES wants room.
 */
export class BodyCollector {
  readonly #maxBytes: number;
  readonly #memory: BodyMemory | undefined;
  readonly #namedBytes: number;
  #room = SMALL_BODY_BYTES;
  #bytes = EMPTY;
  #length = 0;

  constructor({ maxBytes, memory, namedBytes = 0 }: BodyOptions) {
    this.#maxBytes = maxBytes;
    this.#memory = memory;
    this.#namedBytes = namedBytes;
  }

  /** Takes what fits; false when some of the chunk did not. */
  append(chunk: Buffer): boolean {
    const taken = Math.min(chunk.length, this.#maxBytes - this.#length);
    if (this.#length + taken > this.#bytes.length) this.#grow(this.#length + taken);
    chunk.copy(this.#bytes, this.#length, 0, taken);
    this.#length += taken;
    return taken === chunk.length;
  }

  /** What to wait for before more is appended, or null. */
  room(): Promise<void> | null {
    if (!this.#memory || this.#length <= this.#room) return null;
    this.#room = this.#nextRoom();
    return this.#memory.need(this.#room);
  }

  get length(): number {
    return this.#length;
  }

  /** What was gathered so far: a view, valid until the next append. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #nextRoom(): number {
    if (this.#namedBytes > this.#length && this.#namedBytes <= this.#maxBytes) return this.#namedBytes;
    return Math.min(this.#maxBytes, ROOM_STEPS.find((step) => step > this.#length) ?? this.#maxBytes);
  }

  #grow(needed: number): void {
    const size = needed > DOUBLED_BYTES ? this.#maxBytes : Math.max(needed, 2 * this.#bytes.length);
    const grown = Buffer.allocUnsafe(Math.min(this.#maxBytes, size));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

const EMPTY = Buffer.alloc(0);
