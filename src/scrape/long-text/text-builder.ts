import { checkLength } from './fragment-size.ts';

/** How many parts are joined at once: each takes as much memory as a short line. */
const MAX_PARTS = 4096;

/** Collects the parts of a text, of which there may be millions. */
export class TextBuilder {
  readonly #joined: string[] = [];
  #parts: string[] = [];
  #length = 0;

  /** The number of characters so far. */
  get length(): number {
    return this.#length;
  }

  /** Throws PageError `too_large` where no page block has room for the text. */
  add(part: string): void {
    this.#length += part.length;
    checkLength(this.#length);
    this.#parts.push(part);
    if (this.#parts.length >= MAX_PARTS) this.#join();
  }

  #join(): void {
    this.#joined.push(this.#parts.join(''));
    this.#parts = [];
  }

  toString(): string {
    this.#join();
    return this.#joined.join('');
  }
}
