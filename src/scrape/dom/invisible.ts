import { inPieces } from '../long-text/in-pieces.ts';

/**
 * Soft hyphens, zero width spaces, word joiners and byte order marks: they say where a line may
 * break, and are no text.
 */
const INVISIBLE = /[\u00AD\u200B\u2060\uFEFF]/;
const ALL_INVISIBLE = /[\u00AD\u200B\u2060\uFEFF]/g;

/** The text without characters that only say where a line may break. */
export function withoutInvisible(text: string): string {
  return INVISIBLE.test(text) ? inPieces(text, (piece) => piece.replace(ALL_INVISIBLE, '')) : text;
}
