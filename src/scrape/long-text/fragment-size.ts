import { PageError } from '../types.ts';

/** The largest page block that is kept. Every format is part of it. */
export const MAX_FRAGMENT_BYTES = 12 * 1024 * 1024;

/** Throws PageError `too_large` where a text of so many characters fits in no page block. */
export function checkLength(chars: number): void {
  if (chars > MAX_FRAGMENT_BYTES) throw new PageError('too_large');
}

/** The bytes of a text in JSON, or more than `most` where they are more than that. */
function jsonBytes(text: string, most: number): number {
  let bytes = text.length;
  for (let i = 0; i < text.length && bytes <= most; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22 || code === 0x5c || (code >= 0x08 && code <= 0x0d && code !== 0x0b)) bytes++;
    else if (code < 0x20) bytes += 5;
    else if (code >= 0x80) bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

/** The bytes that the formats of one page may still take in its block. */
export class FragmentBudget {
  #left = MAX_FRAGMENT_BYTES;

  /**
   * Takes what a text needs, and returns it. Throws PageError `too_large` where there is no room.
   */
  take(text: string): string {
    this.#left -= jsonBytes(text, this.#left);
    if (this.#left < 0) throw new PageError('too_large');
    return text;
  }
}
