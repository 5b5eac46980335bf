import { TextDecoder } from 'node:util';
import { ResultType, Sniffer } from 'encoding-sniffer/sniffer';
import { markedUtf16 } from '../../crawl/encoding.ts';
import { codePageDecoder, type Decoder } from './code-pages.ts';
import { guessCharset } from './guess-charset.ts';
import { bareLabel, likelyLabel } from './labels.ts';
import { shiftedDecoder } from './shifted.ts';
import { joinSurrogates } from './surrogates.ts';
import { utf32Decoder } from './utf32.ts';
import { storable } from '../storable.ts';
import { utf8OrNull } from '../../utf8.ts';

export interface Decoded {
  text: string;
  /** The encoding used, as the WHATWG names it in lower case. */
  encoding: string;
}

export interface DecodeHints {
  /** The `charset` parameter of the Content-Type header, as sent. */
  charset?: string | null;
  /** Whether the content may name its own encoding: `<meta charset>`, an XML declaration. */
  markup?: boolean;
}

/**
 * How far `<meta charset>` is looked for: the WHATWG asks for 1,024 bytes, real pages put styles
 * before it.
 */
const PRESCAN_BYTES = 64 * 1024;
/**
 * Text of a double-byte encoding can by chance be valid UTF-8, but hardly with four characters
 * beyond ASCII.
 */
const FOUR_FOREIGN = /(?:[^\0-\x7f][\0-\x7f]*){4}/u;
const DOUBLE_BYTE = new Set(['gbk', 'gb18030', 'big5', 'shift_jis', 'euc-jp', 'euc-kr']);

/** The decoder for a label, or null where the label means nothing. */
function decoderFor(label: string | null | undefined): Decoder | null {
  if (!label) return null;
  const bare = bareLabel(label);
  return (
    decoderNamed(label) ?? decoderNamed(likelyLabel(label)) ?? codePageDecoder(bare) ?? shiftedDecoder(bare)
  );
}

function decoderNamed(label: string | null): TextDecoder | null {
  try {
    // Text that only a script understands (`x-user-defined`) is no text for a reader.
    return label === null || label === 'x-user-defined' ? null : new TextDecoder(label);
  } catch {
    return null;
  }
}

/**
 * A byte order mark (Encoding Standard, section 6) or the two bytes of a UTF-16 XML declaration.
 */
function markedEncoding(body: Uint8Array): string | null {
  const [a, b, c, d] = body;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a === 0x3c && b === 0 && c === 0x3f && d === 0) return 'utf-16le';
  if (a === 0 && b === 0x3c && c === 0 && d === 0x3f) return 'utf-16be';
  return markedUtf16(body);
}

/** Fewer zeros than this are stray ones. */
const FEW_ZEROS = 4;

/** UTF-16 without a mark: every other byte of its ASCII part is zero. */
function unmarkedUtf16(body: Uint8Array): string | null {
  const sample = body.subarray(0, 4096);
  let [even, odd] = [0, 0];
  for (let i = 0; i < sample.length; i += 2) {
    if (sample[i] === 0) even++;
    if (sample[i + 1] === 0) odd++;
  }
  if (odd >= FEW_ZEROS && odd * 5 > sample.length / 2 && even * 10 < odd) return 'utf-16le';
  if (even >= FEW_ZEROS && even * 5 > sample.length / 2 && odd * 10 < even) return 'utf-16be';
  return null;
}

/** A label that the prescan does not know, or that stands for an encoding which browsers refuse. */
function misspelt(beginning: Uint8Array): string | null {
  const head = Buffer.from(beginning.buffer, beginning.byteOffset, beginning.byteLength).toString('latin1');
  return /<meta\s[^>]{0,200}?\bcharset\s{0,5}=\s{0,5}["']?([^"'>;]{2,40})/i.exec(head)?.[1] ?? null;
}

/**
 * What `<meta>` or the XML declaration says, after the prescan of the HTML Standard, section
 * 13.2.3.2.
 */
function declaredInContent(body: Uint8Array): string | null {
  const sniffer = new Sniffer({ maxBytes: PRESCAN_BYTES });
  const beginning = body.subarray(0, PRESCAN_BYTES);
  sniffer.write(beginning);
  const isKnown = sniffer.resultType !== ResultType.DEFAULT && sniffer.encoding !== 'replacement';
  return isKnown ? sniffer.encoding : misspelt(beginning);
}

/**
 * Whether so little of the text is undecodable that the encoding can be believed: at most one
 * replacement in ten characters beyond ASCII. In UTF-8 one of two is enough: bytes of another
 * encoding hardly ever form characters of it.
 */
function fits(text: string, encoding: string): boolean {
  const { replaced, foreign } = countForeign(text);
  return encoding === 'utf-8' ? replaced * 2 <= foreign : replaced * 10 <= foreign;
}

/**
 * Whether text that nothing declares is UTF-8 with few bad bytes in it: at most one in ten of at
 * least four characters.
 */
function mostlyUtf8(text: string): boolean {
  const { replaced, foreign } = countForeign(text);
  return foreign - replaced >= 4 && replaced * 10 <= foreign - replaced;
}

function countForeign(text: string): { replaced: number; foreign: number } {
  let replaced = 0;
  let foreign = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) foreign++;
    if (code === 0xfffd) replaced++;
  }
  return { replaced, foreign };
}

/** Whether text that is valid UTF-8 is so in spite of the encoding it is said to have. */
function overrules(text: string, body: Uint8Array, declared: Decoder | null): boolean {
  if (declared === null || declared.encoding === 'utf-8') return true;
  if (declared.encoding.startsWith('utf-16')) return false;
  if (DOUBLE_BYTE.has(declared.encoding)) return FOUR_FOREIGN.test(text);
  return text.length < body.length;
}

function utf8OfPairs(body: Buffer): string | null {
  const joined = joinSurrogates(body);
  return joined === body ? null : utf8OrNull(joined);
}

/** The encodings whose escape sequences give them away. */
const ESCAPES: readonly [sequence: string, label: string][] = [
  ['\x1b$B', 'iso-2022-jp'],
  ['\x1b$@', 'iso-2022-jp'],
  ['\x1b$)C', 'iso-2022-kr'],
];

function escapedLabel(body: Buffer): string | null {
  if (!body.includes(0x1b)) return null;
  return ESCAPES.find(([sequence]) => body.includes(sequence, 0, 'latin1'))?.[1] ?? null;
}

/**
 * The decoders to try in turn. A server that calls its pages Latin-1, whatever they are, is not
 * believed before a page that says otherwise and whose letters are not those of the West.
 */
function declaredDecoders(body: Buffer, inHeader: Decoder | null, inContent: Decoder | null): Decoder[] {
  const isDefault =
    inHeader?.encoding === 'windows-1252' && inContent !== null && inContent.encoding !== 'windows-1252';
  const isContradicted = isDefault && guessCharset(body) !== 'windows-1252';
  const decoders = isContradicted ? [inContent, inHeader] : [inHeader, inContent];
  return decoders.filter((decoder) => decoder !== null);
}

function choose(body: Buffer, hints: DecodeHints): Decoded {
  const using = (decoder: Decoder): Decoded => ({
    text: decoder.decode(decoder.encoding === 'utf-8' ? joinSurrogates(body) : body),
    encoding: decoder.encoding,
  });
  const wide = utf32Decoder(body);
  if (wide) return using(wide);
  const marked = markedEncoding(body);
  if (marked) return using(new TextDecoder(marked));

  const hasZero = body.includes(0);
  /** Text in UTF-16 has zeros: without any, the label says "Unicode" and nothing more. */
  const believed = (decoder: Decoder | null): Decoder | null =>
    decoder?.encoding.startsWith('utf-16') && !hasZero ? null : decoder;
  const inHeader = believed(decoderFor(hints.charset));
  // Looked for only where it can decide: it takes a twentieth of the time that a page takes.
  const inContent = () => (hints.markup ? believed(decoderFor(declaredInContent(body))) : null);
  const first = inHeader ?? inContent();
  // Where the zeros stand says more than a label: "utf-16" is said of either order.
  const unmarked = unmarkedUtf16(body);
  if (unmarked) return using(new TextDecoder(unmarked));

  const utf8 = utf8OrNull(body) ?? utf8OfPairs(body);
  if (utf8 !== null && overrules(utf8, body, first)) {
    const escaped = first === null ? decoderFor(escapedLabel(body)) : null;
    if (escaped) return using(escaped);
    return { text: utf8, encoding: 'utf-8' };
  }
  for (const decoder of declaredDecoders(body, inHeader, inHeader ? inContent() : first)) {
    const decoded = using(decoder);
    if (fits(decoded.text, decoded.encoding)) return decoded;
  }
  const lenient = first === null ? using(new TextDecoder('utf-8')) : null;
  if (lenient && mostlyUtf8(lenient.text)) return lenient;
  return using(new TextDecoder(guessCharset(body)));
}

/**
 * Turns bytes into text by, in this order: a byte order mark; the header; what the content
 * declares; strict UTF-8; the frequency of letters. Bytes that are strictly valid UTF-8 beyond
 * ASCII overrule a declaration of another encoding, and a declaration under which much is
 * undecodable is passed over. Never throws; an unknown label counts as none.
 */
export function decode(body: Buffer, hints: DecodeHints = {}): Decoded {
  const { text, encoding } = choose(body, hints);
  return { text: storable(text), encoding };
}
