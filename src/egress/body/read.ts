import { BodyPipe } from './pipe.ts';
import { decodeStream } from './decode-stream.ts';
import type { Deadline } from '../deadline.ts';

/** Reads a body. The fetch fails with what it rejects with; what it leaves unread is dropped. */
export type BodyReader = (body: AsyncIterable<Buffer>) => Promise<void>;

/**
 * Reads a body while it arrives, with its content coding undone: only the part being read is in
 * memory.
 */
export class BodyReading {
  readonly #read: BodyReader;
  readonly #pipe = new BodyPipe();
  #over = false;
  #done = Promise.resolve();

  constructor(read: BodyReader) {
    this.#read = read;
  }

  /**
   * Where the body goes as it arrives; it is closed when the body has been read. Throws as
   * `decodeStream` does.
   */
  begin(contentEncoding: string | undefined, maxBytes: number): BodyPipe {
    const chunks = decodeStream(this.#pipe, contentEncoding, maxBytes);
    this.#done = this.#read(this.#untilOver(chunks)).finally(() => this.#pipe.close());
    this.#done.catch(() => {}); // where the exchange fails, that is the error
    return this.#pipe;
  }

  /** Resolves when the body has been read, where there was one. */
  async end(deadline: Deadline): Promise<void> {
    await deadline.race(this.#done);
  }

  /** Stops the reading. */
  stop(): void {
    this.#over = true;
    this.#pipe.close();
  }

  async *#untilOver(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of chunks) {
      if (this.#over) throw new Error('the fetch is over');
      yield chunk;
    }
  }
}
