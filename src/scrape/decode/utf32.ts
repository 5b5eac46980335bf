import type { Decoder } from './code-pages.ts';

const PIECE = 8192;

/** The decoder of UTF-32, which browsers do not read, by a byte order mark or a first `<`. */
export function utf32Decoder(body: Uint8Array): Decoder | null {
  const [a, b, c, d] = body;
  const isLittle = c === 0 && d === 0 && ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0));
  const isBig = a === 0 && b === 0 && ((c === 0xfe && d === 0xff) || (c === 0 && d === 0x3c));
  if (!isLittle && !isBig) return null;
  return { encoding: isLittle ? 'utf-32le' : 'utf-32be', decode: (bytes) => decodeUnits(bytes, isLittle) };
}

function decodeUnits(bytes: Uint8Array, isLittle: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pieces: string[] = [];
  let points: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, isLittle);
    points.push(point > 0x10ffff ? 0xfffd : point);
    if (points.length < PIECE) continue;
    pieces.push(String.fromCodePoint(...points));
    points = [];
  }
  pieces.push(String.fromCodePoint(...points));
  return pieces.join('').replace(/^\ufeff/, '');
}
