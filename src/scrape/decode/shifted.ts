import { TextDecoder } from 'node:util';
import type { Decoder } from './code-pages.ts';

/** An encoding of mail: ASCII, in which marks begin and end the characters of two bytes. */
interface Shifted {
  /** Matches what begins the text as a whole, if anything does, and the label. */
  label: RegExp;
  on: string;
  off: string;
  /** The encoding in which these bytes have their upper bit set. */
  of: string;
  /** Marks that stand for something else. */
  others: readonly [mark: string, meaning: string][];
}

const ISO_2022_KR: Shifted = {
  label: /^(?:cs)?iso2022kr$/,
  on: '\x0e',
  off: '\x0f',
  of: 'euc-kr',
  others: [['\x1b$)C', '']],
};
/** A byte that is no character in either. */
const INVALID = 0xff;
const HZ: Shifted = {
  label: /^hz(?:gb2312)?$/,
  on: '~{',
  off: '~}',
  of: 'gb18030',
  others: [
    ['~~', '~'],
    ['~\n', ''],
  ],
};

/**
 * The decoder of ISO-2022-KR or HZ by a label as letters and digits alone. Browsers refuse them,
 * since markup can hide in them from those who check it; nothing that a reader reads runs.
 */
export function shiftedDecoder(label: string): Decoder | null {
  const shifted = [ISO_2022_KR, HZ].find((candidate) => candidate.label.test(label));
  if (shifted === undefined) return null;
  return {
    encoding: shifted === HZ ? 'hz-gb-2312' : 'iso-2022-kr',
    decode: (bytes) => new TextDecoder(shifted.of).decode(unshift(bytes, shifted)),
  };
}

function unshift(bytes: Uint8Array, { on, off, others }: Shifted): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = Buffer.alloc(source.length);
  let [length, isOn] = [0, false];
  for (let at = 0; at < source.length;) {
    const mark = isOn ? off : on;
    const other = isOn ? undefined : others.find(([name]) => startsAt(source, at, name));
    if (startsAt(source, at, mark)) {
      isOn = !isOn;
      at += mark.length;
    } else if (other !== undefined) {
      length += out.write(other[1], length, 'latin1');
      at += other[0].length;
    } else {
      const byte = source[at++]!;
      // A line that ends ends what was left open.
      if (byte === 0x0a) isOn = false;
      out[length++] = byte > 0x7f ? INVALID : isOn && byte > 0x20 ? byte | 0x80 : byte;
    }
  }
  return out.subarray(0, length);
}

function startsAt(source: Buffer, at: number, mark: string): boolean {
  for (let i = 0; i < mark.length; i++) if (source[at + i] !== mark.charCodeAt(i)) return false;
  return true;
}
