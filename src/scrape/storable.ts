import { inPieces } from './long-text/in-pieces.ts';

/**
 * The text without U+0000 and lone surrogates, neither of which Postgres keeps or UTF-8 can carry.
 */
export function storable(text: string): string {
  const withoutNul = text.includes('\0') ? inPieces(text, (piece) => piece.replaceAll('\0', '')) : text;
  return withoutNul.isWellFormed()
    ? withoutNul
    : inPieces(withoutNul, (piece) => piece.replace(/\p{Surrogate}/gu, ''));
}
