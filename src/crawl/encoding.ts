import { TextDecoder } from 'node:util';

/** The encoding that a byte order mark of UTF-16 names, or null. */
export function markedUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null;
}

/** What an XML declaration may say: as it does of sitemaps that are not in UTF-8. */
const DECLARED = /^\s{0,20}<\?xml\s[^>]{0,100}?encoding\s{0,5}=\s{0,5}["']([\w.:-]{1,40})["']/;

/** The decoder of XML or text by its first bytes: a mark, its zeros, its declaration, or UTF-8. */
export function decoderOf(bytes: Buffer): TextDecoder {
  const marked = markedUtf16(bytes) ?? unmarkedUtf16(bytes);
  if (marked !== null) return new TextDecoder(marked);
  const [, label] = DECLARED.exec(bytes.toString('latin1', 0, 200)) ?? [];
  // What is no UTF-16 by its first bytes is none, whatever it declares.
  if (label === undefined || /^utf-?16|^ucs/i.test(label)) return new TextDecoder();
  try {
    return new TextDecoder(label);
  } catch {
    return new TextDecoder();
  }
}

/** UTF-16 without a mark, by the zero beside the first `<`. */
function unmarkedUtf16([a, b]: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (a === 0x3c && b === 0) return 'utf-16le';
  return a === 0 && b === 0x3c ? 'utf-16be' : null;
}
