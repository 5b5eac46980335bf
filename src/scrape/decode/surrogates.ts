/** The first byte of U+D000 to U+DFFF in UTF-8. */
const LEAD = 0xed;
/** Bytes of a pair of surrogates, each written by itself. */
const PAIR_BYTES = 6;

/**
 * UTF-8 in which characters beyond U+FFFF were written as two surrogates (CESU-8), as some
 * databases do with emoji, with these characters as UTF-8 has them. The same buffer where there are
 * none.
 */
export function joinSurrogates(body: Buffer): Buffer {
  let joined: Buffer | null = null;
  let length = 0;
  let copied = 0;
  for (let at = body.indexOf(LEAD); at !== -1; at = body.indexOf(LEAD, at)) {
    const character = pairAt(body, at);
    if (character === null) at++;
    else {
      joined ??= Buffer.alloc(body.length);
      length += body.copy(joined, length, copied, at);
      length += joined.write(character, length);
      copied = at += PAIR_BYTES;
    }
  }
  if (joined === null) return body;
  length += body.copy(joined, length, copied);
  return joined.subarray(0, length);
}

/** The character that a pair of surrogates at a place stands for, or null. */
function pairAt(body: Buffer, at: number): string | null {
  const high = surrogateAt(body, at);
  const low = surrogateAt(body, at + PAIR_BYTES / 2);
  return high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 ? String.fromCharCode(high, low) : null;
}

/** The surrogate whose three bytes stand at a place, or 0. */
function surrogateAt(body: Buffer, at: number): number {
  const middle = body[at + 1] ?? 0;
  const last = body[at + 2] ?? 0;
  const isSurrogate = body[at] === LEAD && middle >= 0xa0 && middle < 0xc0 && last >= 0x80 && last < 0xc0;
  return isSurrogate ? 0xd000 | ((middle & 0x3f) << 6) | (last & 0x3f) : 0;
}
