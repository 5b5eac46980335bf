import { PassThrough, type Writable } from 'node:stream';
import { decoded } from './body.ts';
import type { Deadline } from './deadline.ts';

/** Reads a body. What it rejects with is what the fetch fails with; what it leaves unread is not waited for. */
export type BodyReader = (body: AsyncIterable<Buffer>) => Promise<void>;

/** Has a body read while it arrives, with its content coding undone: of the body itself only some chunks are in memory. */
export class BodyReading {
  readonly #read: BodyReader;
  readonly #sink = new PassThrough();
  #done = Promise.resolve();

  constructor(read: BodyReader) {
    this.#read = read;
  }

  /** Where the body is to go as it arrives. It is closed when the body has been read. Throws as `decoded` does. */
  begin(contentEncoding: string | undefined, maxBytes: number): Writable {
    const chunks = decoded(this.#sink, contentEncoding, maxBytes);
    this.#done = this.#read(chunks).finally(() => this.#sink.destroy());
    this.#done.catch(() => {}); // where the exchange fails, that is the error
    return this.#sink;
  }

  /** Resolves when the body that has arrived is read, if there was one. */
  async end(deadline: Deadline): Promise<void> {
    try {
      await deadline.race(this.#done);
    } finally {
      this.#sink.destroy();
    }
  }
}
