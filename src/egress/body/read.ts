import { BodyPipe } from './pipe.ts';
import { decoded } from './decode.ts';
import type { Deadline } from '../deadline.ts';

/** Reads a body. What it rejects with is what the fetch fails with; what it leaves unread is not waited for. */
export type BodyReader = (body: AsyncIterable<Buffer>) => Promise<void>;

/** Has a body read while it arrives, with its content coding undone: of the body itself only what is just read is in memory. */
export class BodyReading {
  readonly #read: BodyReader;
  readonly #pipe = new BodyPipe();
  #over = false;
  #done = Promise.resolve();

  constructor(read: BodyReader) {
    this.#read = read;
  }

  /** Where the body is to go as it arrives. It is closed when the body has been read. Throws as `decoded` does. */
  begin(contentEncoding: string | undefined, maxBytes: number): BodyPipe {
    const chunks = decoded(this.#pipe, contentEncoding, maxBytes);
    this.#done = this.#read(this.#untilOver(chunks)).finally(() => this.#pipe.close());
    this.#done.catch(() => {}); // where the exchange fails, that is the error
    return this.#pipe;
  }

  /** Resolves when the body that has arrived is read, if there was one. */
  async end(deadline: Deadline): Promise<void> {
    await deadline.race(this.#done);
  }

  /** Nothing is read from now on. */
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
