import { release } from '../../memory/own-memory.ts';

/** A body up to this size needs no reserved room. */
export const SMALL_BODY_BYTES = 256 * 1024;
/** The default limit of a body that is kept. */
export const LARGEST_PAGE_BYTES = 10 * 1024 * 1024;
/** The room that a body without a named length reserves at a time: it may never fill the limit. */
export const ROOM_STEPS: readonly number[] = [1024 * 1024, 4 * 1024 * 1024, LARGEST_PAGE_BYTES];

/** Limits the memory that large bodies take together. */
export interface BodyMemory {
  /** Resolves when a body may take this many bytes. */
  need(bytes: number): Promise<void>;
  /** The body is no larger than this. */
  shrink(bytes: number): void;
}

interface BodyOptions {
  maxBytes: number;
  memory?: BodyMemory | undefined;
  /** The length that the answer names. */
  namedBytes?: number;
}

/**
 * Up to this size the buffer is doubled when it is full. Beyond it the whole limit is allocated at
 * once: pages that are not written take no memory, while doubling holds the body twice.
 */
const DOUBLED_BYTES = 4 * 1024 * 1024;

/**
 * Gathers a body by copying, so that a million one-byte chunks take no more memory than one chunk
 * of a million bytes. A body over SMALL_BODY_BYTES reserves room.
 */
export class BodyCollector implements Disposable {
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

  /** Takes what fits; returns false when some of the chunk does not. */
  append(chunk: Buffer): boolean {
    const taken = Math.min(chunk.length, this.#maxBytes - this.#length);
    if (this.#length + taken > this.#bytes.length) this.#grow(this.#length + taken);
    chunk.copy(this.#bytes, this.#length, 0, taken);
    this.#length += taken;
    return taken === chunk.length;
  }

  /** The promise to wait for before more is appended, or null. */
  room(): Promise<void> | null {
    if (!this.#memory || this.#length <= this.#room) return null;
    this.#room = this.#nextRoom();
    return this.#memory.need(this.#room);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes so far: a view, valid until the next append. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The bytes, in memory that holds nothing else. The collector is then empty. */
  finish(): Buffer {
    const bytes = this.bytes();
    this.#bytes = EMPTY;
    this.#length = 0;
    const { buffer, byteLength } = bytes;
    if (byteLength <= SMALL_BODY_BYTES || byteLength === buffer.byteLength) return bytes;
    // Larger than what Node's pool serves, so nothing else is in there.
    return Buffer.from((buffer as ArrayBuffer).transfer(byteLength));
  }

  /** Frees the bytes: nobody wants them. */
  [Symbol.dispose](): void {
    release(this.#bytes);
    this.#bytes = EMPTY;
    this.#length = 0;
  }

  #nextRoom(): number {
    if (this.#namedBytes > this.#length && this.#namedBytes <= this.#maxBytes) return this.#namedBytes;
    return Math.min(this.#maxBytes, ROOM_STEPS.find((step) => step > this.#length) ?? this.#maxBytes);
  }

  #grow(needed: number): void {
    const size = needed > DOUBLED_BYTES ? this.#maxBytes : Math.max(needed, 2 * this.#bytes.length);
    const grown = Buffer.allocUnsafe(Math.min(this.#maxBytes, size));
    this.#bytes.copy(grown, 0, 0, this.#length);
    release(this.#bytes);
    this.#bytes = grown;
  }
}

const EMPTY = Buffer.alloc(0);
