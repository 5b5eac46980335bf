/** The writer is to pause once this many bytes wait to be read. */
const FULL_BYTES = 64 * 1024;

/**
 * Hands a body from its connection to its reader as it arrives. Chunks are copied together, so that
 * a million of one byte take no more memory than their bytes. It is read once; the reader closes it
 * to stop.
 */
export class BodyPipe implements AsyncIterable<Buffer> {
  /** Called when there is room again after `write` returned false. */
  onDrain = () => {};
  /** Called when reading has stopped. */
  onClose = () => {};
  #bytes = Buffer.allocUnsafe(FULL_BYTES);
  #length = 0;
  #state: 'open' | 'ended' | 'closed' = 'open';
  #wake = () => {};

  /** Returns false when the pipe is full; `onDrain` follows. */
  write(chunk: Buffer): boolean {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#length);
    this.#length = needed;
    this.#wake();
    return this.#length < FULL_BYTES;
  }

  /** The body is complete. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#wake();
  }

  /** Ends the reading, with an error where the body is not complete. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#length = 0;
    this.#wake();
    this.onClose();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      if (this.#state === 'closed') throw new Error('the body is not read any more');
      if (this.#length > 0) yield this.#take();
      else if (this.#state === 'ended') return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(FULL_BYTES);
    this.#length = 0;
    if (taken.length >= FULL_BYTES) this.onDrain();
    return taken;
  }
}
