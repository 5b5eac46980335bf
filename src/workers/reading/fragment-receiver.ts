import type { Readable } from 'node:stream';
import { BodyCollector } from '../../egress/index.ts';
import { release } from '../../memory/own-memory.ts';
import { MAX_FRAGMENT_BYTES } from '../../scrape/long-text/fragment-size.ts';

/** Takes the fragments of a reader's pages, one at a time. */
export class FragmentReceiver {
  readonly #fragment = new BodyCollector({ maxBytes: MAX_FRAGMENT_BYTES });
  #awaited: { length: number; resolve: (fragment: Buffer) => void } | null = null;

  constructor(pipe: Readable) {
    pipe.on('data', (chunk: Buffer) => {
      this.#fragment.append(chunk);
      release(chunk);
      this.#resolve();
    });
    pipe.on('error', () => {}); // the reader's exit says why it sends no more
  }

  /** The next fragment, of this many bytes. */
  async take(length: number): Promise<Buffer> {
    return await new Promise((resolve) => {
      this.#awaited = { length, resolve };
      this.#resolve();
    });
  }

  #resolve(): void {
    if (this.#awaited === null || this.#fragment.length < this.#awaited.length) return;
    const { resolve } = this.#awaited;
    this.#awaited = null;
    resolve(this.#fragment.finish());
  }
}
